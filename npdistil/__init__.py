"""XtremeDistil and its BERT family on a CPU: exact, small, and readable in an afternoon."""

from .config import EncoderConfig as EncoderConfig
from .encoder import Encoder as Encoder
from .encoder import EncoderOutput as EncoderOutput
from .errors import ConfigError as ConfigError
from .errors import InputError as InputError
from .errors import ModelFileError as ModelFileError
from .errors import NpdistilError as NpdistilError
from .errors import TokenizerError as TokenizerError
from .tasks.sentence_encoder import SentenceEncoder as SentenceEncoder
from .text.tokenizer import Tokenizer as Tokenizer

__version__ = "0.1.0"
