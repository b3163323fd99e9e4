"""Why other architectures are not read as if they were BERT: each by name, with what differs.

Most of them would load once the tensors were renamed, and give wrong numbers.
"""

_FROM_PADDING = "its positions are counted from pad_token_id + 1"
_BYTE_PIECES = "its tokenizer is no WordPiece but byte-level BPE"
_SENTENCE_PIECES = "its tokenizer is no WordPiece but SentencePiece"
_ROTARY = "its positions are rotations inside attention, not a table"
_RELATIVE = "its attention adds a score for the distance of two tokens"
_SPARSE = "a token of it attends to some tokens only"
_DECODER = "it is a decoder, where a token sees only the tokens before it"
_BOTH = "it is an encoder with a decoder"
_NARROW = "its embedding tables have a width of their own and a projection"

# model_type of config.json -> what its forward pass or its tokens have that BERT's have not.
REASONS: dict[str, tuple[str, ...]] = {
    "roberta": (_FROM_PADDING, _BYTE_PIECES),
    "camembert": (_FROM_PADDING, _SENTENCE_PIECES),
    "xlm-roberta": (_FROM_PADDING, _SENTENCE_PIECES),
    "xlm-roberta-xl": (_FROM_PADDING, _SENTENCE_PIECES),
    "roberta-prelayernorm": ("it normalises before attention, not after", _BYTE_PIECES),
    "data2vec-text": (_FROM_PADDING, _BYTE_PIECES),
    "mpnet": (_RELATIVE, _FROM_PADDING),
    "albert": ("its layers share one set of weights", _NARROW, _SENTENCE_PIECES),
    "electra": (
        "its embeddings may have a width of their own",
        "its tensors have names of their own",
    ),
    "rembert": (_NARROW, _SENTENCE_PIECES),
    "deberta": (_RELATIVE, _BYTE_PIECES),
    "deberta-v2": (_RELATIVE, _SENTENCE_PIECES),
    "xlnet": (_RELATIVE, _SENTENCE_PIECES),
    "t5": (_BOTH, _RELATIVE, _SENTENCE_PIECES),
    "mt5": (_BOTH, _RELATIVE, _SENTENCE_PIECES),
    "bart": (_BOTH, _BYTE_PIECES),
    "mbart": (_BOTH, _SENTENCE_PIECES),
    "modernbert": (_ROTARY, "it normalises before attention, not after", _BYTE_PIECES),
    "nomic_bert": (_ROTARY, "its feed-forward has a gate"),
    "new": (_ROTARY, "its feed-forward has a gate"),
    "roformer": (_ROTARY,),
    "esm": ("it reads proteins",),
    "megatron-bert": ("it normalises before attention, not after",),
    "mobilebert": ("its layers have bottlenecks and no LayerNorm",),
    "squeezebert": ("its linears are grouped convolutions",),
    "convbert": ("half of its attention is convolutions",),
    "fnet": ("it has Fourier transforms in the place of attention", _SENTENCE_PIECES),
    "nystromformer": ("its attention is an approximation",),
    "funnel": ("its layers shorten the sequence", _RELATIVE),
    "longformer": (_SPARSE, _FROM_PADDING, _BYTE_PIECES),
    "big_bird": (_SPARSE, _SENTENCE_PIECES),
    "layoutlm": ("its embeddings need the place of each word on a page",),
    "ernie": ("its embeddings may add a table of task types",),
    "ibert": ("it computes in integers", _FROM_PADDING),
    "gpt2": (_DECODER, _BYTE_PIECES),
    "llama": (_DECODER, _ROTARY),
    "mistral": (_DECODER, _ROTARY),
    "qwen2": (_DECODER, _ROTARY),
    "qwen3": (_DECODER, _ROTARY),
}


def why_not(model_type: object) -> str:
    """The reason to refuse an architecture, as the end of a sentence.

    >>> why_not("roformer")
    'its positions are rotations inside attention, not a table'
    """
    reasons = REASONS.get(model_type) if isinstance(model_type, str) else None
    return " and ".join(reasons or ("its tensors and forward pass are unknown here",))
