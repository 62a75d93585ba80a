"""Functions that differ from a solution in one place, each with the words for that difference.

They serve twice. A check that finds an answer equal to one of them on all probes can say what is wrong with it, though
nobody listed the mistake. And the tests hold that every exercise's probes tell each of them from the solution.
"""

import ast
import builtins
import copy
import inspect
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import combinations, permutations
from typing import Any


@dataclass(frozen=True)
class Mutant:
    """A changed solution.

    Args:
        words: the mistake, written to the reader.
        rank: how telling it is; the lowest one is named first.
        code: the changed source.
        value: the changed function, or the value that changed code gives.
    """

    words: str
    rank: int
    code: str
    value: Any


# Words for a difference that has none of its own: true, but no help.
_SOMETHING = ""

# (replacement, words, rank)
_Change = tuple[ast.AST, str, int]


def _for(wanted: str, **others: str) -> tuple[tuple[str, str], ...]:
    """Functions that are taken for another one, and the words for each: what stands there, and what is wanted."""
    return tuple((name, f"{what} stands where {wanted} is wanted.") for name, what in others.items())


# What one function of NumPy, TensorFlow or an array is taken for, and the words for that.
_ROUNDED_DOWN = "You round down, and up is wanted."
_MISTAKEN = {
    "mean": _for("a mean", sum="A sum", max="The largest value", median="A median", std="A standard deviation"),
    "sum": _for("a sum", mean="A mean", max="The largest value", prod="A product"),
    "prod": _for("a product", sum="A sum"),
    "var": _for("the variance", std="The standard deviation", mean="The mean"),
    "std": (
        ("var", "The variance stands where the standard deviation is wanted: a root is missing."),
        *_for("the standard deviation", mean="The mean"),
    ),
    "max": _for("the largest value", min="The smallest value", mean="A mean"),
    "min": _for("the smallest value", max="The largest value"),
    "maximum": _for("the larger one", minimum="The smaller one"),
    "argmax": _for("the place of the largest value", argmin="That of the smallest"),
    "all": (("any", "You ask for one that fits, and all of them have to: `all`, not `any`."),),
    "any": (("all", "You ask that all fit, and one is enough: `any`, not `all`."),),
    "log": (
        ("log2", "The logarithm has base 2; the natural one is wanted."),
        ("log10", "The logarithm has base 10; the natural one is wanted."),
        *_for("a logarithm", exp="An exponential"),
    ),
    "ceil": (("floor", _ROUNDED_DOWN), ("round", "You round to the nearest whole number, and up is wanted.")),
    "floor": (("ceil", "You round up, and down is wanted."), ("round", "You round to the nearest whole number.")),
    "sqrt": _for("a root", square="A square"),
    "repeat": (("tile", "`np.tile` lays whole copies side by side; each element is to be repeated in its place."),),
    "hypot": (("add", "The lengths are added, and they stand at a right angle."),),
    "percentile": (("quantile", "A quantile counts from 0 to 1, a percentile to 100."),),
    "isfinite": (("isnan", "`np.isnan` and `np.isfinite` are not opposites: infinity is neither."),),
}

_REDUCTIONS = {"mean", "sum", "var", "std", "max", "min", "all", "any", "prod", "median", "percentile", "reduce_mean"}


def mutants(source: str, name: str, namespace: dict, limit: int | None = None) -> Iterator[Mutant]:
    """The functions (or, where `source` is no function, the values of `name`) that one change of `source` gives.

    Those that cannot be made, or that fail to run as a value, are left out. `limit` leaves out the least telling.
    """
    source = textwrap.dedent(source)
    changed = sorted(_changed_sources(source), key=lambda change: change[1])
    seen = {ast.unparse(ast.parse(source))}
    count = 0
    for words, rank, code in changed:
        if code in seen or (limit is not None and count >= limit):
            continue
        seen.add(code)
        space = dict(namespace)
        try:
            exec(compile(code, f"<a changed {name}>", "exec"), space)
        except Exception:
            continue
        count += 1
        yield Mutant(words, rank, code, space[name])


def of_function(function: Callable, limit: int | None = None) -> list[Mutant]:
    """The mutants of a function."""
    return list(mutants(inspect.getsource(function), function.__name__, function.__globals__, limit))


def _changed_sources(source: str) -> Iterator[tuple[str, int, str]]:
    tree = ast.parse(source)
    first = tree.body[0]
    names = _names(tree)
    body = first.body if isinstance(first, ast.FunctionDef) else tree.body
    if isinstance(first, ast.FunctionDef):
        yield from _changed_arguments(tree, names)
    for parent, key, index, node in list(_places(body)):
        for replacement, words, rank in _changes(node, parent, names):
            original = getattr(parent, key)
            if index is None:
                setattr(parent, key, replacement)
            else:
                getattr(parent, key)[index] = replacement
            try:
                code = ast.unparse(tree)
            finally:
                if index is None:
                    setattr(parent, key, original)
                else:
                    getattr(parent, key)[index] = node
            yield words, rank, code


def _changed_arguments(tree: ast.Module, names: "_Names") -> Iterator[tuple[str, int, str]]:
    """The function with two of its arguments exchanged, or one that it ignores, or with a result cut off."""
    function = tree.body[0]
    start = 1 if isinstance(function.body[0], ast.Expr) else 0  # behind the docstring

    def with_line(line: str) -> str:
        function.body.insert(start, ast.parse(line).body[0])
        code = ast.unparse(tree)
        del function.body[start]
        return code

    for one, other in combinations(names.parameters, 2):
        yield f"`{one}` and `{other}` are exchanged.", 0, with_line(f"{one}, {other} = {other}, {one}")
    defaults = dict(zip(names.parameters[::-1], [ast.unparse(d) for d in function.args.defaults[::-1]], strict=False))
    for name in names.parameters:
        for value in dict.fromkeys([*([defaults[name]] if name in defaults else []), "1e-3", "0.99", "0.9", "0", "1"]):
            # An array stays one: a number in its place would fail for another reason.
            line = f"{name} = {value} + 0 * {name}"
            yield f"`{name}` has no effect: a fixed number stands in its place.", 3, with_line(line)
        for line in (f"np.flip({name}, 0)", f"np.flip({name}, 1)", f"np.flip({name})"):
            yield (
                f"`{name}` is turned round along an axis.",
                3,
                with_line(f"{name} = {line} if np.ndim({name}) else None"),
            )
        yield f"`{name}` is transposed.", 3, with_line(f"{name} = {name}.T if {name}.ndim > 1 else None")
    if isinstance(last := function.body[-1], ast.Return) and not isinstance(last.value, ast.Tuple):
        original = last.value
        last.value = _parse(f"np.asarray({ast.unparse(original)}).astype(int)")
        yield "The result is cut to whole numbers.", 2, ast.unparse(tree)
        last.value = original


@dataclass(frozen=True)
class _Names:
    parameters: tuple[str, ...]
    variables: tuple[str, ...]


def _names(tree: ast.Module) -> _Names:
    function = tree.body[0]
    found = ()
    if isinstance(function, ast.FunctionDef):
        arguments = function.args
        found = tuple(a.arg for a in [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs])
    stored = [n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)]
    return _Names(found, tuple(dict.fromkeys(stored)))


class _Body(ast.AST):
    """A holder for the statements of a function, so that they can be replaced like any other field."""


def _places(body: list) -> Iterator[tuple]:
    """Every node of the body with its parent, the field and the position in it; imports and docstrings left out."""
    holder = _Body()
    holder.body = body
    waiting = [holder]
    while waiting:
        parent = waiting.pop()
        fields = [("body", parent.body)] if isinstance(parent, _Body) else list(ast.iter_fields(parent))
        for key, value in fields:
            for index, node in enumerate(value) if isinstance(value, list) else [(None, value)]:
                if not isinstance(node, ast.AST) or isinstance(node, ast.Import | ast.ImportFrom | ast.expr_context):
                    continue
                if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
                    continue
                yield parent, key, index, node
                waiting.append(node)


def _changes(node, parent, names: _Names) -> Iterator[_Change]:
    for kind, change in _BY_KIND:
        if isinstance(node, kind):
            yield from change(node, parent, names)


def _copied(node, **fields):
    other = copy.copy(node)
    for key, value in fields.items():
        setattr(other, key, value)
    return other


def _parse(text: str):
    return ast.parse(text, mode="eval").body


# --- calls ---


def _called(node: ast.Call) -> str:
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def _call(node: ast.Call, parent, names) -> Iterator[_Change]:
    called = _called(node)
    for other, words in _MISTAKEN.get(called.removeprefix("reduce_"), ()):
        prefix = "reduce_" if called.startswith("reduce_") else ""
        if isinstance(node.func, ast.Name) and hasattr(builtins, other):
            yield _copied(node, func=ast.Name(other, ast.Load())), words, 1
        if isinstance(node.func, ast.Attribute):
            func = _copied(node.func, attr=prefix + other)
            if other == "median":
                yield _numpy(node, other), words, 3
            else:
                yield _copied(node, func=func), words, 1
    if called in {"sqrt", "abs", "log", "ceil", "floor", "round", "int", "float"} and node.args:
        lost = {"sqrt": "A square root is missing.", "abs": "The absolute value is missing: signs cancel.",
                "log": "A logarithm is missing."}  # fmt: skip
        yield node.args[0], lost.get(called, "Something is not rounded to a whole number."), 1 if called in lost else 2
    if called == "sqrt":
        yield from _sums_under_a_root(node, node.args[0], names)
    if called in {"var", "std"}:
        for extra in ((), ("keepdims",)):
            keywords = [*node.keywords, ast.keyword("ddof", ast.Constant(1))]
            keywords += [ast.keyword(key, ast.Constant(True)) for key in extra]
            yield _copied(node, keywords=keywords), "The variance divides by m - 1, and m is wanted.", 1
        bare = node.func.value if isinstance(node.func, ast.Attribute) and not node.args else None
        if called == "var" and bare is not None:
            squares = _copied(node, func=ast.Attribute(ast.BinOp(bare, ast.Pow(), ast.Constant(2)), "mean", ast.Load()))
            yield squares, "The mean of the squares stands where the variance is wanted: subtract the mean first.", 1
    if called in _REDUCTIONS:
        yield from _axes(node, called)
    if len(node.args) == 2 and called not in {"isinstance", "range"}:
        yield _copied(node, args=node.args[::-1]), f"The two arguments of `{called}` are exchanged.", 3
    for i, argument in enumerate(node.keywords):
        if argument.arg not in {"axis", "keepdims", "dtype", "strict", "training"}:
            rest = [*node.keywords[:i], *node.keywords[i + 1 :]]
            yield _copied(node, keywords=rest), f"`{argument.arg}` is not passed on to `{called}`.", 2
        flag = isinstance(argument.value, ast.Constant) and isinstance(argument.value.value, bool)
        if flag and argument.arg not in {"strict", "keepdims"}:
            turned = ast.keyword(argument.arg, ast.Constant(not argument.value.value))
            words = f"`{argument.arg}` has the wrong truth value in the call of `{called}`."
            yield _copied(node, keywords=[*node.keywords[:i], turned, *node.keywords[i + 1 :]]), words, 1
    if called == "percentile" and len(node.args) == 2:
        shares = ast.BinOp(ast.Call(_parse("np.asarray"), [node.args[1]], []), ast.Div(), ast.Constant(100))
        yield _copied(node, args=[node.args[0], shares]), "Percentiles count to 100, and yours count to 1.", 1
    if called == "clip" and len(node.args) == 3:
        value, lower, upper = node.args
        for function, limit, which in (("minimum", upper, "lower"), ("maximum", lower, "upper")):
            clipped = _copied(node, func=_copied(node.func, attr=function), args=[value, limit])
            yield clipped, f"A {which} limit is missing.", 1
    if called == "enumerate":
        yield _copied(node, args=[*node.args, ast.Constant(1)]), "You count from one, and places count from zero.", 1
    if called == "abs":
        squared = ast.BinOp(node.args[0], ast.Pow(), ast.Constant(2))
        yield squared, "A square stands where an absolute value is wanted.", 1
    if called == "pad":
        for mode in ("edge", "reflect", "wrap", "mean"):
            keywords = [*node.keywords, ast.keyword("mode", ast.Constant(mode))]
            yield _copied(node, keywords=keywords), "The border is filled with something else than zeros.", 1
    if called == "arange" and len(node.args) == 3:
        start, stop, step = node.args
        for a, b in ((-1, 0), (1, 0), (0, -1), (0, 1), (-1, 1), (1, -1)):
            ends = [
                ast.BinOp(end, ast.Add(), ast.BinOp(ast.Constant(k), ast.Mult(), step))
                for end, k in ((start, a), (stop, b))
            ]
            yield _copied(node, args=[*ends, step]), "A range begins or ends at another place than it should.", 1
    if called == "range":
        for change, words in _ranges(node):
            yield _copied(node, args=change), _SOMETHING if isinstance(parent, ast.comprehension) else words, 1


def _numpy(node: ast.Call, other: str) -> ast.Call:
    """A method's call as that of a function of NumPy."""
    if isinstance(node.func.value, ast.Name) and node.func.value.id in {"np", "ops", "tf"}:
        return _copied(node, func=_copied(node.func, attr=other))
    return _copied(node, func=_parse(f"np.{other}"), args=[node.func.value, *node.args])


def _ranges(node: ast.Call) -> Iterator[tuple[list, str]]:
    last = node.args[-1] if len(node.args) < 3 else node.args[1]
    short = ast.BinOp(last, ast.Sub(), ast.Constant(1))
    start = node.args[0] if len(node.args) > 1 else ast.Constant(0)
    yield [start, short, *node.args[2:]], "The last round of a loop is left out."
    yield [ast.BinOp(start, ast.Add(), ast.Constant(1)), last, *node.args[2:]], "The first round of a loop is left out."


_AXIS_WORDS = {
    "None": "over everything together",
    "0": "over the first axis alone",
    "1": "over the second axis alone",
    "-1": "over the last axis",
    "(1, 2)": "over the positions of each image alone",
    "(0, 1)": "over the first two axes",
    "(0, 1, 2)": "over all axes but the last",
    "(0, 2, 3)": "over all axes but the second",
    "(0, 1, 2, 3)": "over everything together",
    "(1, 2, 3)": "over all axes but the first",
}


def _axes(node: ast.Call, called: str) -> Iterator[_Change]:
    method = isinstance(node.func, ast.Attribute)
    places = [i for i, keyword in enumerate(node.keywords) if keyword.arg == "axis"]
    if not method or (not places and node.args and len(node.args) > 1):
        return
    now = ast.unparse(node.keywords[places[0]].value) if places else "None"
    what = {"var": "variance", "std": "standard deviation", "max": "maximum", "min": "minimum"}.get(called, called)
    for axis, words in _AXIS_WORDS.items():
        if axis == now:
            continue
        for keep in (False, True):
            keywords = [k for k in node.keywords if k.arg not in {"axis", "keepdims"}]
            keywords.append(ast.keyword("axis", _parse(axis)))
            keywords += [ast.keyword("keepdims", ast.Constant(True))] if keep else []
            yield _copied(node, keywords=keywords), f"The {what} is taken {words}; other axes are wanted.", 2


def _sums_under_a_root(node, inner, names) -> Iterator[_Change]:
    if not (isinstance(inner, ast.BinOp) and isinstance(inner.op, ast.Add)):
        return
    root = lambda part: (  # noqa: E731
        _copied(node, args=[part]) if isinstance(node, ast.Call) else _copied(node, left=part)
    )
    term = _named(inner.right, names) or "One term"
    outside = ast.BinOp(root(inner.left), ast.Add(), inner.right)
    yield outside, f"{term} is added outside the root; it belongs under it.", 0
    yield ast.BinOp(root(inner.left), ast.Add(), root(inner.right)), "The root of a sum is not the sum of roots.", 0
    first = _named(inner.left, names) or "One term"
    twice = lambda part: ast.BinOp(part, ast.Pow(), ast.Constant(2))  # noqa: E731
    for squared, what in (
        (ast.BinOp(inner.left, ast.Add(), twice(inner.right)), term),
        (ast.BinOp(twice(inner.left), ast.Add(), inner.right), first),
    ):
        yield root(squared), f"{what} is squared, and it should not be.", 0


# --- arithmetic ---


def _told(node, what: str, names: "_Names") -> str:
    text = _named(node, names)
    if text.startswith("`"):
        return f"The {what} {text} is missing."
    return f"A {what} is missing: {text}." if text else f"A {what} is missing."


def _arithmetic(node: ast.BinOp, parent, names) -> Iterator[_Change]:
    left, right, op = node.left, node.right, node.op
    with_op = lambda other: _copied(node, op=other)  # noqa: E731
    turned = ast.BinOp(right, op, left)
    if isinstance(op, ast.Add):
        yield left, _told(right, "term", names), 1
        yield right, _told(left, "term", names), 1
        yield with_op(ast.Sub()), f"{_what(right, names)} is subtracted and should be added.", 1
        yield with_op(ast.Mult()), "Something is multiplied that should be added.", 2
    elif isinstance(op, ast.Sub):
        named = _named(right, names)
        missing = f"{_what(right, names)} is not subtracted." if named else "What should be subtracted is missing or 0."
        yield left, missing, 1
        yield right, _told(left, "term", names), 2
        yield turned, "A difference has the wrong sign: its two sides are exchanged.", 1
        yield with_op(ast.Add()), f"{_what(right, names)} is added and should be subtracted.", 1
        yield with_op(ast.Div()), "Something is divided that should be subtracted.", 2
    elif isinstance(op, ast.Mult | ast.MatMult):
        yield left, _told(right, "factor", names), 1
        yield right, _told(left, "factor", names), 1
        yield with_op(ast.Div()), f"{_what(right, names)} divides where it should multiply.", 1
        yield ast.BinOp(right, ast.Div(), left), f"{_what(left, names)} divides where it should multiply.", 2
        yield with_op(ast.Add()), "Added where a product is wanted.", 1
        squared = ast.BinOp(right, ast.Pow(), ast.Constant(2))
        yield _copied(node, right=squared), f"A factor is squared, and it should not be{_by(right, names, ': ')}.", 2
        if isinstance(op, ast.Mult) and isinstance(right, ast.BinOp) and isinstance(right.op, ast.Add | ast.Sub):
            inside = ast.BinOp(ast.BinOp(left, ast.Mult(), right.left), right.op, right.right)
            yield inside, "A pair of parentheses is missing: a factor reaches one term alone.", 1
    elif isinstance(op, ast.Div):
        yield left, f"The division{_by(right, names)} is missing.", 1
        upside_down = isinstance(left, ast.Constant) and left.value == 1
        words = (
            "A fraction is upside down." if upside_down else f"{_what(right, names)} multiplies where it should divide."
        )
        yield with_op(ast.Mult()), words, 1
        yield turned, "A fraction is upside down.", 1
        yield with_op(ast.FloorDiv()), "`//` rounds down, and a fraction is wanted: `/`.", 1
        yield _copied(node, right=_parse(f"({ast.unparse(right)} - 1)")), "Divided by one less than you should.", 2
        yield _copied(node, right=_root_of(right)), "Divided by the root of what you should divide by.", 2
        yield _copied(node, right=ast.BinOp(right, ast.Pow(), ast.Constant(2))), "Divided twice by the same.", 2
    elif isinstance(op, ast.FloorDiv):
        yield left, f"The division{_by(right, names)} is missing.", 1
        yield with_op(ast.Div()), "`/` gives a fraction; a whole number is wanted, rounded down.", 1
        yield _parse(f"-(-({ast.unparse(left)}) // ({ast.unparse(right)}))"), "You round up, and down is wanted.", 1
        yield _parse(f"round(({ast.unparse(left)}) / ({ast.unparse(right)}))"), "You round to the nearest.", 2
        yield with_op(ast.Mult()), f"{_what(right, names)} multiplies where it should divide.", 1
        for other in (ast.Sub(), ast.Add()):
            words = "Off by one where the division leaves no remainder: look at both ends."
            yield _copied(node, left=ast.BinOp(left, other, ast.Constant(1))), words, 1
    elif isinstance(op, ast.Mod):
        yield left, "A remainder, `%`, is missing.", 1
        yield with_op(ast.FloorDiv()), "`//` stands where the remainder `%` is wanted.", 1
    elif isinstance(op, ast.Pow):
        yield from _powers(node, left, right, names)
    if isinstance(op, ast.Add | ast.Sub):
        yield from _parentheses(node, left, right, op)
    if isinstance(op, ast.Mult | ast.Div) and isinstance(left, ast.BinOp) and isinstance(left.op, ast.Add | ast.Sub):
        outside = ast.BinOp(left.left, left.op, ast.BinOp(left.right, op, right))
        yield outside, "A pair of parentheses is missing: what belongs to a whole sum reaches its last term alone.", 1
    if isinstance(op, ast.Mult | ast.Div) and isinstance(left, ast.BinOp) and isinstance(left.op, ast.Mult):
        first, total = left.left, left.right
        if isinstance(total, ast.BinOp) and isinstance(total.op, ast.Add | ast.Sub):
            bare = ast.BinOp(ast.BinOp(first, ast.Mult(), total.left), total.op, ast.BinOp(total.right, op, right))
            yield bare, "A pair of parentheses is missing: each factor reaches one term of a sum alone.", 1


#: Variables of solutions, which a reader's code need not have, in words.
_IN_WORDS = {
    "mean": "the mean",
    "variance": "the variance",
    "inv_std": "one over the standard deviation",
    "x_hat": "the normalized input",
    "dbeta": "the gradient of beta",
    "dgamma": "the gradient of gamma",
}


def _named(node, names: "_Names") -> str:
    """A parameter by its name, a well-known quantity in words, anything else not at all."""
    text = ast.unparse(node)
    return f"`{text}`" if text in names.parameters else _IN_WORDS.get(text, "")


def _what(node, names: "_Names") -> str:
    text = _named(node, names) or "something"
    return text[:1].upper() + text[1:]


def _by(node, names: "_Names", before: str = " by ") -> str:
    text = _named(node, names)
    return f"{before}{text}" if text else ""


def _root_of(node: ast.expr) -> ast.BinOp:
    return ast.BinOp(node, ast.Pow(), ast.Constant(0.5))


def _parentheses(node, left, right, op) -> Iterator[_Change]:
    """`a * b + c` taken for `a * (b + c)` or `(a + c) * b`, and `c + a * b` for `(c + a) * b`."""
    words = "A pair of parentheses is wrong: a term that belongs outside of a product or fraction is drawn into it."
    products = (ast.Mult, ast.Div, ast.FloorDiv)
    if isinstance(left, ast.BinOp) and isinstance(left.op, products):
        yield ast.BinOp(left.left, left.op, ast.BinOp(left.right, op, right)), words, 1
        yield ast.BinOp(ast.BinOp(left.left, op, right), left.op, left.right), words, 1
    if isinstance(right, ast.BinOp) and isinstance(right.op, products):
        yield ast.BinOp(ast.BinOp(left, op, right.left), right.op, right.right), words, 1


def _powers(node, left, right, names) -> Iterator[_Change]:
    power = ast.unparse(right)
    root = power in {"0.5", "1 / 2"}
    yield left, "A square root is missing." if root else "A square or power is missing.", 1
    if root:
        yield from _sums_under_a_root(node, left, names)
        yield _copied(node, right=ast.Constant(2)), "A square stands where a root is wanted.", 1
    elif power == "2":
        yield _parse(f"abs({ast.unparse(left)})"), "An absolute value stands where a square is wanted.", 1
        yield _root_of(left), "A root stands where a square is wanted.", 2
    else:
        yield _copied(node, right=ast.UnaryOp(ast.USub(), right)), "An exponent has the wrong sign.", 1
        yield ast.BinOp(left, ast.Mult(), right), "Multiplied where a power is wanted.", 1
        yield ast.BinOp(right, ast.Pow(), left), "Base and exponent are exchanged.", 2


def _unary(node: ast.UnaryOp, parent, names) -> Iterator[_Change]:
    if isinstance(node.op, ast.Not):
        yield node.operand, "A condition is turned round: a `not` is missing, or one too many.", 0
    elif isinstance(node.op, ast.USub) and not isinstance(node.operand, ast.Constant):
        yield node.operand, "A sign is missing.", 1


# --- conditions ---

_BACKWARD = "A comparison points the wrong way."
_LIMITS = {
    ast.GtE: (
        (ast.Gt, "A value that equals the limit counts, too: at least, not more than."),
        (ast.LtE, _BACKWARD),
        (ast.Eq, "You ask for equality, and more is good as well."),
    ),
    ast.LtE: (
        (ast.Lt, "A value that equals the limit counts, too: at most, not less than."),
        (ast.GtE, _BACKWARD),
        (ast.Eq, "You ask for equality, and less is good as well."),
    ),
    ast.Gt: ((ast.GtE, "A value that equals the limit does not count: more than, not at least."), (ast.Lt, _BACKWARD)),
    ast.Lt: ((ast.LtE, "A value that equals the limit does not count: less than, not at most."), (ast.Gt, _BACKWARD)),
    ast.NotEq: ((ast.Eq, "A condition is turned round: equal in place of unequal."),),
    ast.Eq: ((ast.NotEq, "A condition is turned round: unequal in place of equal."),),
}


def _comparison(node: ast.Compare, parent, names) -> Iterator[_Change]:
    for other, words in _LIMITS.get(type(node.ops[0]), ()):
        yield _copied(node, ops=[other()]), words, 0


def _junction(node: ast.BoolOp, parent, names) -> Iterator[_Change]:
    both = isinstance(node.op, ast.And)
    yield (
        _copied(node, op=ast.Or() if both else ast.And()),
        f"`{'or' if both else 'and'}` stands where `{'and' if both else 'or'}` is wanted (or the other way round "
        f"under a `not`).",
        0,
    )
    for value in node.values:
        yield value, "One of the conditions is missing.", 1


def _conditional(node, parent, names) -> Iterator[_Change]:
    if isinstance(node, ast.IfExp):
        yield _copied(node, body=node.orelse, orelse=node.body), "The two cases of a condition are exchanged.", 0
    elif node.orelse:
        yield _copied(node, body=node.orelse, orelse=node.body), "The two cases of a condition are exchanged.", 0
        yield _copied(node, orelse=[ast.Pass()]), "One of the two cases does nothing.", 1
        yield node.body[0], "Both cases are treated as the first one.", 1
        yield node.orelse[0], "Both cases are treated as the second one.", 1
    else:
        yield _copied(node, test=ast.UnaryOp(ast.Not(), node.test)), "A condition is turned round.", 0
        yield _copied(node, test=ast.Constant(True)), "Something is done in all cases that belongs to some alone.", 1
        yield ast.Pass(), "A case is left out.", 2


# --- names, numbers, results ---


def _name(node: ast.Name, parent, names: _Names) -> Iterator[_Change]:
    if not isinstance(node.ctx, ast.Load) or node.id not in (*names.parameters, *names.variables):
        return
    for other in dict.fromkeys((*names.parameters, *names.variables)):
        if other != node.id:
            named = node.id in names.parameters and other in names.parameters
            words = f"`{other}` stands where `{node.id}` belongs." if named else _SOMETHING
            if other in names.parameters and not named:
                words = f"`{other}` stands where another quantity belongs."
            yield ast.Name(other, ast.Load()), words, 3 if named else 4


def _number(node: ast.Constant, parent, names) -> Iterator[_Change]:
    number = node.value
    if isinstance(number, bool) or not isinstance(number, int | float):
        return
    if isinstance(parent, ast.keyword) and parent.arg == "axis":
        for axis in (0, 1, 2, -1):
            yield ast.Constant(axis), f"Axis {axis} is taken, and another one is wanted.", 2
        return
    off = "A whole number in your formula is off by one."
    if isinstance(parent, ast.Subscript):
        off = "Another place of a list or shape is read than the one that is wanted."
    for other, words in (
        (number + 1, off),
        (number - 1, off),
        (-number, "A number has the wrong sign."),
        (2 * number, "A number is twice what it should be."),
        (number / 2, "A number is half of what it should be."),
        (0, "A number is 0, and should not be."),
    ):
        if other != number:
            yield ast.Constant(other), words, 5


def _returned(node: ast.Return, parent, names) -> Iterator[_Change]:
    if not isinstance(node.value, ast.Tuple) or len(node.value.elts) > 5:
        return
    parts = node.value.elts
    for order in permutations(range(len(parts))):
        if sum(i != place for i, place in enumerate(order)) in {2, 3}:
            other = _copied(node.value, elts=[parts[i] for i in order])
            listed = ", ".join(map(ast.unparse, parts))
            yield _copied(node, value=other), f"The results stand in another order than `({listed})`.", 0


def _slice(node: ast.Slice, parent, names) -> Iterator[_Change]:
    for key in ("lower", "upper", "step"):
        if getattr(node, key) is not None:
            yield _copied(node, **{key: None}), "The limit of a slice is missing.", 2
    if node.upper is None and isinstance(node.lower, ast.Constant) and node.lower.value == 1:
        last = ast.Slice(None, ast.UnaryOp(ast.USub(), ast.Constant(1)))
        yield last, "The last one is left out, and the first one should be.", 2


def _attribute(node: ast.Attribute, parent, names) -> Iterator[_Change]:
    if node.attr == "T":
        yield node.value, "A transposition is missing.", 1
    twins = {"mean": "variance", "variance": "mean", "size": "ndim"}
    if node.attr in twins and not isinstance(parent, ast.Call):
        yield _copied(node, attr=twins[node.attr]), f"`{twins[node.attr]}` stands where `{node.attr}` belongs.", 1


# --- statements ---


def _loop(node: ast.For, parent, names) -> Iterator[_Change]:
    inner = node.body[-1]
    if isinstance(inner, ast.If) and isinstance(inner.body[-1], ast.Return) and not inner.orelse:
        after = next((s for s in getattr(parent, "body", []) if isinstance(s, ast.Return)), None)
        if after:
            early = _copied(node, body=[*node.body[:-1], _copied(inner, orelse=[after])])
            yield early, "Your loop returns in its first round already, whatever it finds.", 0
    if any(isinstance(inside, ast.Return) for inside in ast.walk(node)):
        backward = _copied(node, iter=_parse(f"list({ast.unparse(node.iter)})[::-1]"))
        yield backward, "The last one that fits is found, and the first is wanted.", 1
    shorter = _copied(node, iter=_parse(f"list({ast.unparse(node.iter)})[:-1]"))
    yield shorter, "The last round of a loop is left out.", 1
    later = _copied(node, iter=_parse(f"list({ast.unparse(node.iter)})[1:]"))
    yield later, "The first round of a loop is left out.", 1


def _assignment(node, parent, names) -> Iterator[_Change]:
    if isinstance(node, ast.AugAssign):
        flipped = {ast.Sub: ast.Add, ast.Add: ast.Sub, ast.Mult: ast.Div, ast.Div: ast.Mult}.get(type(node.op))
        if flipped:
            yield (
                _copied(node, op=flipped()),
                "Something is added that should be subtracted, or the other way round.",
                0,
            )
        yield ast.Pass(), "A step is left out.", 1
    if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and len(node.targets[0].id) > 1:
        for number in (0, 1):
            zero = ast.BinOp(ast.BinOp(ast.Constant(0), ast.Mult(), node.value), ast.Add(), ast.Constant(number))
            words = f"It is as if the {node.targets[0].id.replace('_', ' ')} were {number}."
            yield _copied(node, value=zero), words, 2
    if isinstance(node, ast.AugAssign):
        return
    if isinstance(node.targets[0], ast.Name) and node.targets[0].id in names.parameters:
        yield ast.Pass(), f"`{node.targets[0].id}` stays what it was.", 1
    elif not isinstance(node.targets[0], ast.Name | ast.Tuple):
        yield ast.Pass(), "A step is left out.", 1


_BY_KIND = (
    (ast.Call, _call),
    (ast.BinOp, _arithmetic),
    (ast.UnaryOp, _unary),
    (ast.Compare, _comparison),
    (ast.BoolOp, _junction),
    (ast.If | ast.IfExp, _conditional),
    (ast.Name, _name),
    (ast.Constant, _number),
    (ast.Return, _returned),
    (ast.Slice, _slice),
    (ast.Attribute, _attribute),
    (ast.For, _loop),
    (ast.Assign | ast.AugAssign, _assignment),
)
