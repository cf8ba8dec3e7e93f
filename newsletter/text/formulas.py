"""What stands in a formula, read by the rules of TeX itself."""

from __future__ import annotations

from newsletter.text.macros import ESCAPED, Walker
from newsletter.text.symbols import WRAPPERS, script


class Formula(Walker):
    """The inside of a formula, where TeX's own rules hold."""

    def _special(self) -> str | None:
        sign = self.text[self.at]
        if sign == "\\":
            return self._backslash()
        if sign == "{":
            group = self._group()
            return None if group is None else self._inner(group)
        if sign in "^_":
            return self._scripted(sign)
        if sign in "~'":
            self.at += 1
            return " " if sign == "~" else "′"
        return None

    def _backslash(self) -> str | None:
        if escaped := self._take(ESCAPED):
            return escaped[1]
        following = self.text[self.at + 1 : self.at + 2]
        if following and following in " ,;:!|\\":
            self.at += 2
            return {"!": "", "|": "‖"}.get(following, " ")
        return self._macro()

    def _symbol(self, name: str) -> str | None:
        start = self.at - len(name) - 1
        symbol = super()._symbol(name)
        if symbol is None or len(symbol) < 2:
            return symbol
        before = self.text[start - 1 : start]
        after = self.text[self.at : self.at + 1]
        return (" " if before.isalnum() else "") + symbol + (" " if after.isalnum() or after == "\\" else "")

    def _scripted(self, sign: str) -> str | None:
        start = self.at
        self.at += 1
        argument = self._script_argument()
        if argument is None:
            self.at = start
            return None
        return script(sign, self._inner(argument))

    def _script_argument(self) -> str | None:
        """``^\\mathbb{R}`` takes the macro together with its argument, as authors mean it."""
        start = self.at
        token = self._argument()
        if token and token.startswith("\\") and token[1:] in WRAPPERS | {"mathbb"}:
            self._group()
            return self.text[start : self.at]
        return token
