"""Text as people read it, without losing any of it."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from newsletter.text import clean, fold, lead, one_line, readable, shorten, slug
from newsletter.text.latex import MAX_CHARACTERS

TEX = st.text(st.sampled_from("abcXY12 $\\{}^_~-`'%&()[].,|!"), max_size=60)
FRAGMENTS = st.lists(
    st.sampled_from(
        [r"\alpha", r"\frac{a}{b}", r"\frac12", r"\sqrt[3]{x}", r"\mathbb{R}^d", "{BERT}", r"{\"u}", r"\'e", r"\emph{x y}",
         "$", "$$", r"\(", r"\)", "^{10}", "_{ij}", "x^2", "~", "--", "``", "''", r"\ket{0}", r"\left(", r"\right)", " ",
         "word", r"\%", r"\{", "{", "}", r"\textbf{", r"\log", r"C:\new", r"\hat x", r"\ss", r"\,"]
    )
).map("".join)  # fmt: skip


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        # prices, paths and code are no LaTeX
        ("Cost of $5 and $6 items", "Cost of $5 and $6 items"),
        ("US$5 or A$6, $5M-$6M, $10k and 5$", "US$5 or A$6, $5M-$6M, $10k and 5$"),
        (r"C:\path\new and D:\alpha\beta", r"C:\path\new and D:\alpha\beta"),
        (r"\\server\share", r"\\server\share"),
        (r"\u00e9 \n \t x", r"\u00e9 \n \t x"),
        ("layer_1, snake_case_2, file_1.txt, __init__", "layer_1, snake_case_2, file_1.txt, __init__"),
        ("{1, 2, 3} and f{x}", "{1, 2, 3} and f{x}"),
        ("about ~5% and ~/home, a ~ b", "about ~5% and ~/home, a ~ b"),
        ("--flag and ''q'' and ^_^ and n^th", "--flag and ''q'' and ^_^ and n^th"),
        (r"50% of \cite{x} and \foo{a}{b}", r"50% of \cite{x} and \foo{a}{b}"),
        (r"\(unclosed and \textbf{unclosed", r"\(unclosed and \textbf{unclosed"),
        # scripts
        (r"$10^{-3}$ and $\ell_2$ and ℓ_2", "10⁻³ and ℓ₂ and ℓ₂"),
        ("10^-3, 10^{5}, x^2, R^d, 5^{th}, f(x)^2", "10⁻³, 10⁵, x², Rᵈ, 5ᵗʰ, f(x)²"),
        ("H_2O and CO_2 and L_{p}", "H₂O and CO₂ and Lₚ"),
        (r"$^{13}$C, CO$_2$ and $90^\circ$, 90^\circ", "¹³C, CO₂ and 90°, 90°"),
        (r"$x_{t+1}$ $\theta_{t}^{(k)}$ $\pi_{\theta_{old}}$", "xₜ₊₁ θₜ⁽ᵏ⁾ π_(θ_old)"),
        (r"$2^\omega$ and $p_{data}$", "2^ω and p_data"),
        (r"$W^\top$, $A^{\mathrm{T}}$, $x^\mathbb{R}$, $f'$", "Wᵀ, Aᵀ, x^ℝ, f′"),
        (r"x\textsuperscript{2} y\textsubscript{i}", "x² yᵢ"),
        # symbols and formulas
        (r"$\alpha$-divergence, 2$\times$, \beta rays", "α-divergence, 2×, β rays"),
        (r"$O(n\log n)$ and $\arg\max_x$", "O(n log n) and arg maxₓ"),
        (r"$O(\sqrt{n}\log n)$, $2\log n$ and $(\log n)$", "O(√n log n), 2 log n and (log n)"),
        (r"$\mathbb{R}^N$, $\mathcal{O}$, $\mathbf{x}$, \mathbb{Q}", "ℝᴺ, O, x, ℚ"),
        (r"$\frac{1}{2}$ $\frac{a+b}{c}$ $\frac12$ \frac{a}", r"1/2 (a+b)/c 1/2 \frac{a}"),
        (r"$\sqrt{n}$ $\sqrt[3]{n+1}$ $\sqrt$", "√n ³√(n+1) \\sqrt"),
        (r"$\hat{y}$ $\tilde O$ $\overline{AB}$ $\vec$", "ŷ Õ AB \\vec"),
        (r"$\left( x \right)$, $a\,b$, $a\!b$, $\|x\|$, $a~b$", "( x ), a b, ab, ‖x‖, a b"),
        (r"$p < 0.05$, $k$-NN, $\{1,2\}$, $5\%$", "p < 0.05, k-NN, {1,2}, 5%"),
        (r"\(x^2\) and \[y_1\] and $$z^2$$", "x² and y₁ and z²"),
        (r"$\ket{0}$ and $\begin{a} 1 & 2\end{a}$", r"\ket{0} and \begin{a} 1 & 2\end{a}"),
        (r"$\alpha{}x$ and $x_$ and $a{b$", "αx and x_ and a{b"),
        # prose
        (r"Schr\"odinger, Erd\H{o}s, {\"u}ber, \v{S}, \c{c}, \'{\i}, Stra\ss e", "Schrödinger, Erdős, über, Š, ç, í, Straße"),
        (r"\L{}ukasz and \ae on", "Łukasz and æon"),
        ("{BERT}-like {A Survey}", "BERT-like A Survey"),
        ("{Delta}R2 of {beta} cells, {in} {x}", "ΔR2 of β cells, {in} {x}"),
        (r"\textsc{Foo}: \emph{a $x^2$ b} {\it c} \LaTeX{}", "Foo: a x² b c LaTeX"),
        (r"R\&D at 5\% \# \_ \$5 a \\ b", "R&D at 5% # _ $5 a b"),
        ("Vision--Language -- a---b --- Fig.~3", "Vision–Language – a—b — Fig. 3"),
        ("``quoted'' words", "“quoted” words"),
    ],
)  # fmt: skip
def test_readable(typed: str, read: str) -> None:
    assert readable(typed) == read


@given(TEX | FRAGMENTS | FRAGMENTS.map(lambda text: f"${text}$"))
@example(r"\frac{\frac{1}{2}}{3} {a{b{c}}}")
@settings(max_examples=300, deadline=None)
def test_no_letter_or_digit_is_lost(text: str) -> None:
    output = iter(unicodedata.normalize("NFKD", readable(text)))
    kept = [c for c in re.sub(r"\\[A-Za-z]+", "", text) if c.isalnum()]
    assert all(any(c == other for other in output) for c in kept)


@given(st.text(st.characters(exclude_characters="\\$^_{~`-", exclude_categories=["Cs"])))
def test_plain_text_stays_as_it_is(text: str) -> None:
    assert readable(text) == text


@pytest.mark.parametrize(
    "text",
    ["{" * 5_000 + "}" * 5_000, "$" * 9_999, r"\frac" * 3_000, r"\textbf{" * 1_000 + "}" * 1_000, "x^{" * 900 + "}" * 900,
     "\\(" * 5_000, "a^{b" * 4_000, r"$\frac{" * 1_500],
)  # fmt: skip
def test_hostile_text_is_read_to_its_end(text: str) -> None:
    letters = re.sub(r"[^a-z]", "", text.replace(r"\textbf", "").replace(r"\frac", ""))
    assert re.sub(r"[^a-z]", "", readable(text).replace(r"\textbf", "").replace(r"\frac", "")) == letters


def test_longer_text_than_any_abstract_is_left_alone() -> None:
    text = "$x^2$ " * MAX_CHARACTERS
    assert readable(text) == text


@given(st.text(max_size=120), st.integers(1, 80))
def test_shorten_keeps_to_its_limit(text: str, limit: int) -> None:
    short = shorten(text, limit)
    assert len(short) <= limit or short == text
    assert text.startswith(short.removesuffix("…"))


@pytest.mark.parametrize(
    ("text", "limit", "short"),
    [
        ("It is so, e.g. here. And on.", 22, "It is so, e.g. here."),
        ("As J. Doe says. More words follow here.", 20, "As J. Doe says."),
        ("Short. But then a very long sentence goes on", 30, "Short. But then a very long…"),
        ("x" * 50, 10, "x" * 9 + "…"),
        ("中文句子。第二句子。第三句子很长很长很长", 12, "中文句子。第二句子。"),
    ],
)
def test_shorten_cuts_where_a_reader_would(text: str, limit: int, short: str) -> None:
    assert shorten(text, limit) == short


def test_lead_takes_a_few_sentences() -> None:
    text = "One is here. Two (see Fig. 3) is too. Three! Four."
    assert lead(text, 100) == "One is here. Two (see Fig. 3) is too. Three!"
    assert lead(text, 100, sentences=1) == "One is here."
    assert lead(text, 40) == "One is here. Two (see Fig. 3) is too."
    assert lead("No end", 100) == "No end"


def test_clean_decodes_once_and_one_line_does_not() -> None:
    assert clean(" a &amp;lt; b\x00\n\ud800c ") == "a &lt; b c"
    assert one_line(" a &amp; b\r\nBcc:\x0b\u2028 c\x00 ") == "a &amp; b Bcc: c"


def test_fold_compares_titles() -> None:
    assert fold(r"The {BERT}-like $\ell_2$: \'E?") == fold("the bert LIKE ℓ₂ é") == "the bert like l2 e"


def test_slug_names_a_file() -> None:
    assert slug("Ünï côde!") == "uni-code"
    assert slug("x" * 100) == "x" * 60
    assert slug("中文") == "unnamed"
