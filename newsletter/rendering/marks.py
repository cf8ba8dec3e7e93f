"""Marks that stand for a reader's own strings, and Jinja environments in which nothing can read them.

A template is rendered once with marks, and the readers' strings are put in their places afterwards. That gives what
Jinja would have given only where the template does no more with such a string than print it, join it to others or ask
whether it is there. So whatever else is done with one raises ``Unspliceable``, and the template is left to Jinja.

==========================  ==========================================================================
``\\2name\\3``                a string of the reader's own
``\\2name\\5number\\3``         a block, with a number where it is for one item of a list
``\\4`` as often as digits     the number of a card: lines that hold it break where they will break
``\\6indent,hanging\\7…\\x08``  a paragraph to be broken into lines when the strings are in it
==========================  ==========================================================================

No mail holds these characters.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import wraps
from typing import Any

from jinja2 import Environment, nodes
from jinja2.compiler import CodeGenerator, Frame, operators
from jinja2.runtime import Macro

from newsletter.rendering.environment import words_of

ANY = re.compile(r"[\x02-\x08]")
NAMED = re.compile(r"\x02(\w+)\x03")

_PRINTING = frozenset({"em", "string", "strong"})
_ESCAPING = frozenset({"e", "escape"})
_ASKING = frozenset({"defined", "none", "undefined"})


class Unspliceable(BaseException):
    """A template reads more of a reader's own than marks can stand for. Jinja's own handlers must not swallow it."""


class Marked(str):
    """A text with marks in it: it is there, it can be printed, and nothing else."""

    __slots__ = ()

    def __bool__(self) -> bool:
        return True

    def __repr__(self) -> str:
        raise Unspliceable("a string of the reader's own is read")

    def _refuse(self, *_: object) -> Any:
        raise Unspliceable("a string of the reader's own is read")

    __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = __contains__ = __len__ = _refuse
    __iter__ = __getitem__ = __add__ = __mul__ = __rmul__ = __mod__ = __hash__ = _refuse


class Unreadable:
    """Something of the reader's own of which a template may only know whether it is there."""

    def __init__(self, *, is_there: bool) -> None:
        self._is_there = is_there

    def __bool__(self) -> bool:
        return self._is_there

    def _refuse(self, *_: object) -> Any:
        raise Unspliceable("something of the reader's own is read")

    __getattr__ = __getitem__ = __len__ = __iter__ = __eq__ = __hash__ = _refuse

    def __str__(self) -> str:
        raise Unspliceable("something of the reader's own is read")


class Listed:
    """A list that can be counted and gone through; of its items blocks alone know more than their places."""

    def __init__(self, count: int) -> None:
        self._count = count

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[object]:
        return iter([_Item(place) for place in range(self._count)])

    def __getitem__(self, places: int | slice) -> object:
        taken = range(self._count)[places]
        return _Item(taken) if isinstance(taken, int) else [_Item(place) for place in taken]


class _Item(Unreadable):
    def __init__(self, place: int) -> None:
        super().__init__(is_there=True)
        self._place = place

    def __html__(self) -> str:
        return f"\x05{self._place}"

    def __str__(self) -> str:
        return f"\x05{self._place}"


def mark(name: str) -> str:
    """The mark of a string of the reader's own."""
    return Marked(f"\x02{name}\x03")


def number_mark(number: int) -> str:
    """A mark as wide as the number."""
    return Marked("\x04" * len(str(number)))


def block_mark(name: str, item: str | None) -> nodes.Output:
    """What stands in a template in the place of a block; ``item`` is the variable of the loop around it."""
    if item is None:
        return nodes.Output([nodes.TemplateData(f"\x02{name}\x05\x03")])
    return nodes.Output([nodes.TemplateData(f"\x02{name}"), nodes.Name(item, "load"), nodes.TemplateData("\x03")])


def is_marked(value: Any) -> bool:
    """Whether marks are in the text, or anywhere in the list or mapping; our own records are not looked into."""
    if isinstance(value, str):
        return ANY.search(str(value)) is not None
    if type(value) is dict:
        return any(is_marked(one) for pair in value.items() for one in pair)
    return type(value) in {list, tuple, set} and any(is_marked(one) for one in value)


def marking(environment: Environment) -> Environment:
    """A twin of the environment: the same templates, and ``Unspliceable`` where one of them reads a mark."""
    twin = environment.overlay()
    twin.code_generator_class = _Code
    harmless = _PRINTING | _ESCAPING if environment.autoescape else _PRINTING
    twin.filters = {n: apply if n in harmless else _guard(apply) for n, apply in environment.filters.items()}
    twin.finalize = _printed
    twin.tests = {n: ask if n in _ASKING else _guard(ask) for n, ask in environment.tests.items()}
    twin.globals = {**environment.globals}
    twin.filters["wrapped"] = _wrap_later(environment.filters["wrapped"])
    changed = {"getattr": _guard(environment.getattr), "getitem": _guard(environment.getitem), "unmarked": unmarked}
    vars(twin).update(changed, call=_guarded_call(twin))
    twin.globals["words"] = words_of(twin)
    return twin


def unmarked(value: Any) -> Any:
    """The value, if it may be compared."""
    if is_marked(value) or isinstance(value, Unreadable):
        raise Unspliceable("a string of the reader's own is compared")
    return value


def _printed(value: Any) -> Any:
    """What is printed as Python writes it must hold no marks."""
    if not isinstance(value, str) and is_marked(value):
        raise Unspliceable("a list with a string of the reader's own is printed")
    return value


class _Code(CodeGenerator):
    """Compares, and formats by ``%``, nothing that is marked."""

    def visit_Compare(self, node: nodes.Compare, frame: Frame) -> None:  # noqa: N802 Jinja's name for it
        """Writes the comparison with a look at each side."""
        self.write("(environment.unmarked(")
        self.visit(node.expr, frame)
        self.write(")")
        for operand in node.ops:
            self.write(f" {operators[operand.op]} environment.unmarked(")
            self.visit(operand.expr, frame)
            self.write(")")
        self.write(")")

    def visit_Mod(self, node: nodes.BinExpr, frame: Frame) -> None:  # noqa: N802 as above
        """Writes the remainder, or the formatting, with a look at both sides."""
        self.write("(environment.unmarked(")
        self.visit(node.left, frame)
        self.write(") % environment.unmarked(")
        self.visit(node.right, frame)
        self.write("))")


def _guard(function: Any) -> Callable[..., Any]:
    @wraps(function)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        if any(is_marked(value) for value in (*args, *kwargs.values())):
            raise Unspliceable("a string of the reader's own is read")
        return function(*args, **kwargs)

    return guarded


def _guarded_call(environment: Environment) -> Callable[..., Any]:
    plainly: Callable[..., Any] = type(environment).call  # type: ignore[attr-defined]

    def call(context: Any, called: Any, *args: Any, **kwargs: Any) -> Any:
        if not isinstance(called, Macro) and any(is_marked(value) for value in (*args, *kwargs.values())):
            raise Unspliceable("a function is called with a string of the reader's own")
        return plainly(environment, context, called, *args, **kwargs)

    return call


def _wrap_later(wrapped: Callable[..., str]) -> Callable[..., str]:
    """Lines are broken at once where no string can move the breaks."""

    def wrap(text: str, indent: int = 0, *, hanging: int = 0) -> str:
        plain = str(text)
        if "\x06" in plain or "\x05" in plain:
            raise Unspliceable("a paragraph is in a paragraph")
        return f"\x06{indent},{hanging}\x07{plain}\x08" if "\x02" in plain else wrapped(plain, indent, hanging=hanging)

    return wrap
