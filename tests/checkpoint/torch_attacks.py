"""Pickles that no state dict is: name -> opcodes of the object, and a piece of the refusal.

Each stands in the place of a good object; many are what real attacks on pickle loaders use.
"""

import pickletools
import re
import struct

from tests.checkpoint.torch_made import (
    FLOATS,
    ODICT,
    PARAMETER,
    REBUILD,
    named,
    state,
    storage,
    tensor,
    text,
    value,
)

ALLOWED = (
    "PROTO GLOBAL BINPUT LONG_BINPUT BINGET LONG_BINGET MARK EMPTY_TUPLE TUPLE TUPLE1 TUPLE2 "
    "TUPLE3 EMPTY_DICT EMPTY_LIST BINUNICODE BININT BININT1 BININT2 LONG1 BINFLOAT NONE NEWTRUE "
    "NEWFALSE SETITEM SETITEMS APPEND APPENDS REDUCE BUILD BINPERSID STOP"
).split()
# What stands behind an opcode that reads from the stream, where it is not zeros.
_ARGUMENTS = {
    "INT": b"1\n",
    "LONG": b"1L\n",
    "STRING": b"'x'\n",
    "UNICODE": b"x\n",
    "FLOAT": b"1.5\n",
    "GET": b"0\n",
    "PUT": b"0\n",
    "INST": b"os\nsystem\n",
    "PERSID": b"0\n",
}


def _forbidden_opcodes() -> dict[str, tuple[bytes, str]]:
    """One each, with things on the stack that it could work on, in front of a good object."""
    cases = {}
    for opcode in pickletools.opcodes:
        if opcode.name not in ALLOWED:
            code = opcode.code.encode("latin-1")
            stream = text("os") + text("system") + b"(" + text("true") + code
            stream += _ARGUMENTS.get(opcode.name, bytes(8)) + state(a=tensor())
            cases[opcode.name] = (stream, re.escape(f"opcode {code!r}"))
    return cases


OPCODES = _forbidden_opcodes()

_NAMES = """
os system|posix system|nt system|subprocess Popen|subprocess check_output|pty spawn
builtins eval|builtins exec|builtins getattr|builtins __import__|builtins open|builtins compile
builtins globals|__builtin__ eval|__builtin__ getattr|copy_reg _reconstructor
copyreg _reconstructor|copyreg __newobj__|UserDict IterableUserDict|pkgutil resolve_name
operator methodcaller|operator attrgetter|operator itemgetter|importlib import_module
runpy _run_code|socket create_connection|webbrowser open|ctypes CDLL|pickle loads|_pickle loads
marshal loads|types FunctionType|types CodeType|functools partial|_codecs encode|codecs decode
timeit timeit|code InteractiveInterpreter|pdb run|cProfile runctx|bdb Bdb.run|shutil rmtree
asyncio create_subprocess_shell|multiprocessing.util spawnv_passfds|idlelib.autocomplete fetch
lib2to3.pgen2.pgen ParserGenerator.make_label|distutils.file_util write_file
torch load|torch.hub load|torch.serialization load|torch.storage _load_from_bytes
torch.storage UntypedStorage|torch.jit load|torch.fx.graph_module reduce_graph_module
torch._utils _rebuild_tensor|torch._utils _rebuild_tensor_v3|torch._utils _rebuild_sparse_tensor
torch._utils _rebuild_parameter_with_state|torch._utils _rebuild_wrapper_subclass
torch._utils _rebuild_device_tensor_from_numpy|torch._dynamo.guards GuardBuilder.get
torch.nn.parameter Parameter|torch Tensor|torch Size|torch device|torch QUInt8Storage
numpy.core.multiarray _reconstruct|numpy.testing._private.utils runstring|numpy dtype
collections Counter|collections OrderedDict.__init__|collections ordereddict
collections.OrderedDict fromkeys|torch FloatStorage.__class__|torch._utils torch
torch._utils _rebuild_tensor_v2.__globals__|transformers.models.bert.modeling_bert BertModel
"""


def _forbidden_names() -> dict[str, tuple[bytes, str]]:
    """Each asked for, called with a word, and the result kept as a weight."""
    pairs = [pair.split() for line in _NAMES.split("\n") for pair in line.split("|") if pair]
    return {
        f"{module}.{name}": (
            state(a=named(module, name) + value(("true",)) + b"R"),
            re.escape(f"asks for {module}.{name}, which no plain state dict does"),
        )
        for module, name in pairs
    }


NAMES = _forbidden_names()

_DEEP = 100_000

STRUCTURE: dict[str, tuple[bytes, str]] = {
    # what a stream is made of
    "nothing": (b"", "stops with an open mark, or not with one value"),
    "two_values": (state(a=tensor()) * 2, "not with one value"),
    "open_mark": (b"(" + state(a=tensor()), "stops with an open mark"),
    "goes_on_behind_its_end": (state(a=tensor()) + b".N", "goes on behind its end"),
    "protocol_again": (b"\x80\x02" + state(a=tensor()), r"opcode b'\\x80'"),
    "a_pickle_in_a_pickle": (b"N0" + state(a=tensor()), "opcode b'0'"),
    "takes_from_nothing": (b"\x86", "takes from an empty stack"),
    "takes_past_a_mark": (b"N(\x85", "takes from an empty stack"),
    "call_of_nothing": (b"R", "takes from an empty stack"),
    "tuple_without_mark": (b"NNt", "there is no mark"),
    "items_without_mark": (b"}u", "there is no mark"),
    "ends_in_a_string": (b"X\xff\xff\x00\x00", "65535 bytes"),
    "ends_in_a_number": (b"J", "ends in the middle"),
    "memo_of_nothing": (b"q\x00", "nothing to remember"),
    "memo_unset": (b"h\x07", "memo index 7, where nothing was put"),
    "memo_index_2_31": (b"Nr\x00\x00\x00\x80", "memo index 2147483648"),
    # bounds
    "string_of_4_gb": (b"X\xff\xff\xff\xff", "a string of 4294967295 bytes"),
    "string_of_5_kb": (text("x" * 5000), "a string of 5000 bytes"),
    "string_not_utf8": (text(b"\xff"), "not UTF-8"),
    "string_lone_surrogate": (text(b"\xed\xa0\x80"), "not UTF-8"),
    "name_without_end": (b"c" + b"x" * 5000, "too long or not plain ASCII"),
    "name_not_ascii": ("cö\nsystem\n".encode(), "not plain ASCII"),
    "name_with_nul": (b"cos\0\nsystem\n", "not plain ASCII"),
    "name_with_carriage_return": (b"ctorch\r\nFloatStorage\n", "not plain ASCII"),
    "integer_of_10_bytes": (b"\x8a\x0a" + bytes(10), "an integer of 10 bytes"),
    "integer_of_255_bytes": (b"\x8a\xff" + b"\x7f" * 255, "an integer of 255 bytes"),
    "marks_65": (b"(" * 65, "more than 64 open marks"),
    "tuple_of_65": (b"(" + b"N" * 65 + b"t", "a tuple of 65 items"),
    "list_of_50001": (b"](" + b"N" * 50_001 + b"e", "a list of more than 50000"),
    "list_grown_twice": (b"]" + (b"(" + b"N" * 25_001 + b"e") * 2, "a list of more than 50000"),
    "map_of_50001": (
        b"}(" + b"".join(text(f"{n}") + b"N" for n in range(50_001)) + b"u",
        "a map of more than 50000",
    ),
    "opcodes_200001": (b"N" * 200_001, "more than 200000 opcodes"),
    "lists_without_end": (b"]" * 200_001, "more than 200000 opcodes"),
    "memo_of_lists": (
        b"".join(b"]r" + struct.pack("<L", n) for n in range(100_001)),
        "more than 200000 opcodes",
    ),
    "strings_of_4_bytes_a_character": (
        b"(" + text("😀" + "x" * 4092) * 2000 + b"t",
        "a tuple of 2000 items",
    ),
    # containers
    "list_in_itself": (b"]q\x00h\x00a", "a container that stands in two places"),
    "map_in_itself": (b"}q\x00" + text("a") + b"h\x00s", "stands in two places"),
    "list_in_a_tuple_in_itself": (b"]q\x00h\x00\x85a", "stands in two places"),
    "map_in_two_places": (b"}q\x00h\x00\x86", "stands in two places"),
    "doubled_40_times": (
        state(a=tensor(), b=text("lol") + b"q\x00" + b"h\x00\x86q\x00" * 40),
        "'b' is not a tensor",
    ),
    "nested_100000_deep": (state(a=tensor(), b=b")" + b"\x85" * _DEEP), "'b' is not a tensor"),
    "lists_nested_deep": (
        state(a=tensor(), b=b"]" * 60_000 + b"a" * 59_999),
        "'b' is not a tensor",
    ),
    "key_number": (b"}KaNs", "key is int, not a string"),
    "key_tuple": (b"})Ns", "key is tuple"),
    "key_tensor": (b"}" + tensor() + b"Ns", "key is TensorRef"),
    "key_nested_tuple": (b"})" + b"\x85" * _DEEP + b"Ns", "key is tuple"),
    "key_twice": (b"}" + (text("a") + b"Ns") * 2, "key 'a' appears twice"),
    "key_twice_at_once": (b"}(" + (text("a") + b"N") * 2 + b"u", "appears twice"),
    "key_without_value": (b"}(" + text("a") + b"u", "a key without a value"),
    "item_of_a_list": (b"]" + text("a") + b"Ns", "changes something that is not a dict"),
    "item_of_a_tensor": (tensor() + text("a") + b"Ns", "not a dict"),
    "item_of_a_storage": (storage() + text("a") + b"Ns", "not a dict"),
    "item_of_a_name": (FLOATS + text("a") + b"Ns", "not a dict"),
    "items_of_nothing": (b"(" + text("a") + b"Nu", "not a dict"),
    "append_to_a_map": (b"}Na", "not a list"),
    "append_to_a_tuple": (b")Na", "not a list"),
    "append_to_a_tensor": (tensor() + b"Na", "not a list"),
    "attributes_of_a_tensor": (tensor() + b"}b", "not a dict"),
    "attributes_of_a_name": (FLOATS + b"}b", "not a dict"),
    "attributes_that_are_a_tuple": (b"}N}\x86b", "attributes that are not a map"),
    # calls
    "call_of_a_string": (text("eval") + b")R", "calls something that is not a known name"),
    "call_of_a_tensor": (tensor() + b")R", "not a known name"),
    "call_with_a_list": (named("collections", "OrderedDict") + b"]R", "not a known name"),
    "map_of_arguments": (
        named("collections", "OrderedDict") + value(([("a", 1)],)) + b"R",
        "OrderedDict with other arguments",
    ),
    "call_of_a_storage_type": (FLOATS + value((10**9,)) + b"R", "FloatStorage with other"),
    "tensor_of_5": (REBUILD + value((storage(), 0, (2, 3), (3, 1), False)) + b"R", "other argum"),
    "tensor_of_8": (tensor(None, 0, (2, 3), (3, 1), False, ODICT, None, None), "other arguments"),
    "parameter_of_a_string": (PARAMETER + value(("a", True, ODICT)) + b"R", "other arguments"),
    "parameter_of_a_storage": (PARAMETER + value((storage(), True, ODICT)) + b"R", "other arg"),
    "parameter_with_hooks": (PARAMETER + value((tensor(), True, {"a": 1})) + b"R", "other arg"),
    # storages
    "storage_of_a_string": (text("0") + b"Q", "describes no whole storage"),
    "storage_of_4": (value(("storage", FLOATS, "0", "cpu")) + b"Q", "no whole storage"),
    "storage_of_6": (storage("0", 6, FLOATS, "cpu", None), "no whole storage"),
    "storage_with_a_view": (storage("0", 6, FLOATS, "cpu", ("1", 0, 6)), "no whole storage"),
    "module_not_storage": (value(("module", FLOATS, "0", "cpu", 6)) + b"Q", "no whole storage"),
    "storage_type_string": (storage("0", 6, text("FloatStorage")), "no whole storage"),
    "storage_type_map": (storage("0", 6, named("collections", "OrderedDict")), "no whole"),
    "storage_key_number": (storage(0), "no whole storage"),
    "storage_key_path": (storage("../0"), "no whole storage"),
    "storage_key_21_digits": (storage("0" * 21), "no whole storage"),
    "storage_key_arabic_digit": (storage("\N{ARABIC-INDIC DIGIT ZERO}"), "no whole storage"),
    "storage_key_newline": (storage("0\n"), "no whole storage"),
    "storage_location_none": (storage("0", 6, FLOATS, None), "no whole storage"),
    "storage_count_negative": (storage("0", -6), "no whole storage"),
    "storage_count_true": (storage("0", True), "no whole storage"),
    "storage_count_float": (storage("0", 6.0), "no whole storage"),
    "storage_count_2_63": (storage("0", 1 << 63), "no whole storage"),
    "storage_count_one_more": (state(a=tensor(storage("0", 7))), "should be 7 values"),
    "storage_count_one_less": (
        state(a=tensor(storage("0", 5), 0, (1, 3))),
        "should be 5 values",
    ),
    "storage_count_2_62": (state(a=tensor(storage("0", 1 << 62))), "should be 46116860184273879"),
    "storage_of_another_type": (
        state(a=tensor(storage("0", 6, named("torch", "DoubleStorage")))),
        "should be 6 values of F64",
    ),
    "storage_in_two_sizes": (
        state(a=tensor(), b=tensor(storage("0", 5), 0, (1, 3))),
        "storage 0 with two types or sizes",
    ),
    "storage_in_two_types": (
        state(a=tensor(), b=tensor(storage("0", 6, named("torch", "IntStorage")))),
        "storage 0 with two types or sizes",
    ),
    "storage_that_is_not_there": (state(a=tensor(), b=tensor(storage("1"))), "other storages"),
    "storage_that_nobody_names": (state(a=1), "other storages"),
    # tensors
    "tensor_of_no_storage": (tensor(text("0")), "other types or hooks"),
    "tensor_of_a_storage_type": (tensor(FLOATS), "other types or hooks"),
    "tensor_of_a_tensor": (tensor(tensor()), "other types or hooks"),
    "offset_negative": (tensor(None, -1), "other types or hooks"),
    "offset_true": (tensor(None, True), "other types or hooks"),
    "offset_none": (tensor(None, None), "other types or hooks"),
    "shape_negative": (tensor(None, 0, (-2, 3)), "other types or hooks"),
    "shape_list": (tensor(None, 0, [2, 3]), "other types or hooks"),
    "shape_of_floats": (tensor(None, 0, (2.0, 3.0)), "other types or hooks"),
    "strides_negative": (tensor(None, 5, (2, 3), (-3, -1)), "other types or hooks"),
    "strides_of_tuples": (tensor(None, 0, (2, 3), ((), ())), "other types or hooks"),
    "strides_2_63": (tensor(None, 0, (1, 3), (1 << 63, 1)), "other types or hooks"),
    "strides_too_few": (tensor(None, 0, (2, 3), (3,)), "unusable shape"),
    "nine_axes": (tensor(None, 0, (1,) * 9, (1,) * 9), "unusable shape"),
    "axis_2_49": (tensor(None, 0, (0, 1 << 49), (1, 1)), "unusable shape"),
    "overflow_hidden_by_zero": (tensor(None, 0, (0, 1 << 40, 1 << 40), (1, 1, 1)), "unusable"),
    "offset_one_too_far": (tensor(None, 1), "reaches past its storage of 6 values"),
    "stride_one_too_far": (tensor(None, 0, (2, 3), (4, 1)), "reaches past its storage"),
    "stride_2_62": (tensor(None, 0, (2, 1), (1 << 62, 1)), "reaches past its storage"),
    "offset_2_62": (tensor(None, 1 << 62, (1,), (1,)), "reaches past its storage"),
    "empty_far_away": (tensor(None, 7, (0,), (1,)), "reaches past its storage"),
    "expanded_by_stride_0": (tensor(None, 0, (1 << 40,), (0,)), "reaches past its storage"),
    "expanded_a_little": (tensor(None, 0, (7,), (0,)), "reaches past its storage"),
    "gradient_number": (tensor(None, 0, (2, 3), (3, 1), 0), "other types or hooks"),
    "hooks_none": (tensor(None, 0, (2, 3), (3, 1), False, None), "other types or hooks"),
    "hooks_of_something": (tensor(None, 0, (2, 3), (3, 1), False, {"a": 1}), "types or hooks"),
    "negated_values": (
        tensor(None, 0, (2, 3), (3, 1), False, ODICT, {"neg": True}),
        "other types or hooks",
    ),
    "many_views_of_one_storage": (
        state(**{f"v{n}": tensor(None, n % 3, (4 - n % 3 + n // 3,), (1,)) for n in range(5)}),
        "72 bytes of tensors, 72 to be read, from 24 bytes of values",
    ),
    "one_view_under_many_names": (
        state(**{f"v{n}": tensor() for n in range(9)}),
        "24 bytes of tensors, 216 to be read",
    ),
    "far_apart_under_many_names": (
        state(**{f"v{n}": tensor(None, 0, (2,), (5,)) for n in range(9)}),
        "8 bytes of tensors, 216 to be read",
    ),
    # what is on top
    "top_is_a_tensor": (tensor(), "holds one TensorRef, not a map of tensors"),
    "top_is_a_storage": (storage(), "not a map of tensors"),
    "top_is_a_list": (value([tensor()]), "holds one list"),
    "top_is_a_tuple": (value((tensor(),)), "holds one tuple"),
    "tensor_among_lists": (state(a=tensor(), b=[1]), "'b' is not a tensor"),
    "storage_as_a_weight": (state(a=tensor(), b=storage()), "'b' is not a tensor"),
    "two_state_dicts": (
        state(model={"a": tensor()}, state_dict={"a": tensor()}),
        "holds more than a state dict: 'model' beside 'state_dict'",
    ),
    "optimizer_beside": (state(model={"a": tensor()}, optimizer={}), "more than a state dict"),
    "wrapped_twice": (state(model={"model": {"a": tensor()}}), "'model' is not a tensor"),
    "name_empty": (value({"": tensor()}), "is empty, too long or not printable"),
    "name_with_escape": (value({"\x1b[31m": tensor()}), "not printable"),
    "name_of_513": (value({"n" * 513: tensor()}), "too long"),
}
