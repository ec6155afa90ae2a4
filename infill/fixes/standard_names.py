"""Names of standard libraries that mean one thing only, and the import of each."""

from __future__ import annotations

import re
import sys

from infill.syntax.tree import Syntax

_PYTHON = {
    "typing": "Any Callable Literal Optional Union TypeVar Protocol ClassVar NamedTuple TypedDict Generic Annotated"
    " overload cast TYPE_CHECKING NoReturn",
    "collections": "Counter OrderedDict defaultdict deque namedtuple ChainMap",
    "collections.abc": "Awaitable Coroutine Generator Iterable Iterator Mapping MutableMapping Sequence",
    "dataclasses": "asdict astuple dataclass field",
    "pathlib": "Path PurePath PurePosixPath",
    "functools": "cached_property lru_cache partial reduce singledispatch wraps",
    "itertools": "accumulate chain combinations groupby islice permutations zip_longest starmap",
    "contextlib": "asynccontextmanager contextmanager suppress nullcontext ExitStack AsyncExitStack",
    "enum": "Enum IntEnum StrEnum IntFlag auto",
    "abc": "ABC ABCMeta abstractmethod",
    "datetime": "datetime timedelta timezone",
    "decimal": "Decimal",
    "fractions": "Fraction",
    "io": "BytesIO StringIO",
    "concurrent.futures": "ThreadPoolExecutor ProcessPoolExecutor",
    "textwrap": "dedent",
    "tempfile": "TemporaryDirectory NamedTemporaryFile",
    "uuid": "uuid4 UUID",
    "types": "SimpleNamespace MappingProxyType TracebackType ModuleType",
    "unittest.mock": "MagicMock AsyncMock",
    "urllib.parse": "urlparse urljoin urlencode",
    "argparse": "ArgumentParser Namespace",
    "string": "Template",
    "operator": "itemgetter attrgetter",
}
_GO = (
    "bufio bytes context errors flag fmt io log math os sort strconv strings sync time unicode reflect regexp runtime"
    " slices maps cmp embed testing archive/zip compress/gzip crypto/sha256 crypto/md5 crypto/tls database/sql"
    " encoding/base64 encoding/binary encoding/csv encoding/hex encoding/json encoding/xml html/template io/fs log/slog"
    " math/big math/bits net/http net/http/httptest net/url os/exec os/signal path/filepath runtime/debug sync/atomic"
    " unicode/utf8 net"
)
_DATETIME = re.compile(r"(?<![\w.])datetime(?:\(|\.(?:now|utcnow|fromisoformat|strptime)\b)")
_NODE = "assert crypto fs http https net os path readline stream tls url util zlib"
_RUST = {
    "std::collections": "BTreeMap BTreeSet BinaryHeap HashMap HashSet VecDeque",
    "std::sync": "Arc Mutex RwLock OnceLock",
    "std::sync::atomic": "AtomicBool AtomicU64 AtomicUsize AtomicU32 AtomicI64",
    "std::rc": "Rc",
    "std::cell": "Cell RefCell",
    "std::path": "Path PathBuf",
    "std::time": "Duration Instant SystemTime",
    "std::fs": "File OpenOptions",
    "std::io": "BufRead BufReader BufWriter Read Write",
    "std::str": "FromStr",
    "std::borrow": "Cow",
    "std::pin": "Pin",
    "std::net": "SocketAddr IpAddr TcpStream TcpListener",
    "std": "env fmt fs io mem thread",
    "std::process": "Command ExitCode",
    "std::ffi": "OsStr OsString CString CStr",
    "std::marker": "PhantomData",
    "std::num": "NonZeroUsize",
}
_JAVA = {
    "java.util": "ArrayList Arrays Collection Collections HashMap HashSet Iterator LinkedHashMap LinkedList Map Objects"
    " Optional Set TreeMap UUID Scanner",
    "java.util.stream": "Collectors Stream IntStream",
    "java.util.function": "BiFunction Consumer Function Predicate Supplier",
    "java.io": "BufferedReader File IOException InputStream OutputStream",
    "java.nio.file": "Files Path Paths",
    "java.time": "Duration Instant LocalDate LocalDateTime",
}


def standard_import(syntax: Syntax, name: str) -> str:
    """Return the import of a name that one module of the standard library is known for; empty for others."""
    language = syntax.language.id
    if language == "python":
        is_module = name in sys.stdlib_module_names and re.search(rf"(?<![\w.]){name}\.[a-zA-Z_]", syntax.text)
        is_class = name == "datetime" and _DATETIME.search(syntax.text)
        if is_module and not is_class:
            return f"import {name}"
        module = _module(_PYTHON, name)
        return f"from {module} import {name}" if module else ""
    if language == "go":
        path = next((p for p in _GO.split() if p.rpartition("/")[2] == name), "")
        return f'"{path}"' if path else ""
    if language == "rust":
        module = _module(_RUST, name)
        return f"use {module}::{name};" if module else ""
    if language in ("javascript", "typescript"):
        is_module = name in _NODE.split() and re.search(rf"(?<![\w.]){name}\.[a-zA-Z_]", syntax.text)
        return f'import * as {name} from "node:{name}";' if is_module else ""
    module = _module(_JAVA, name) if language == "java" else ""
    return f"import {module}.{name};" if module else ""


def _module(table: dict[str, str], name: str) -> str:
    return next((module for module, names in table.items() if name in names.split()), "")
