"""A fault in a template comes with file and line, before anything is sent; a user's files go first."""

from __future__ import annotations

from pathlib import Path

import pytest
from rendering.invented import DIGEST, LINKS, MESSAGE_ID, READER, SENT_AT

from newsletter.errors import TemplateError
from newsletter.model import Mailbox
from newsletter.rendering import Renderer
from newsletter.rendering.overrides import find_misnamed
from newsletter.shipped import shipped

CARD = "partials/card.mjml.j2"
HEADER = "partials/header.mjml.j2"


def open_renderer(*folders: Path) -> Renderer:
    return Renderer(folders=[*folders, shipped("templates")], title="T", sender=Mailbox(email="papers@example.org"))


def render_with(*folders: Path) -> str:
    renderer = open_renderer(*folders)
    return renderer.render(DIGEST, subscriber=READER, links=LINKS, message_id=MESSAGE_ID, date=SENT_AT).html


def write(folder: Path, name: str, text: str) -> Path:
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return file


def section(content: str) -> str:
    return f"<mj-section>\n<mj-column>\n<mj-text>\n{content}\n</mj-text>\n</mj-column>\n</mj-section>\n"


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        (section("{% if cards %}"), None, "needs to be closed is 'if'"),
        (section("<p>{{ cards| }}</p>"), 4, "expected token"),
        (section("{{ title|nofilter }}"), 4, "No filter named 'nofilter'"),
        (section("\n{{ titel }}"), 5, "'titel' is undefined"),
        (section("{% if false %}{{ titel }}{% endif %}"), 4, "'titel' is undefined"),
        (section("{{ cards[0].paper.titel }}"), 4, "a Paper has no 'titel'"),
        (section("{{ words.nothing() }}"), 4, "'nothing'"),
        (section("{{ 1 + title }}"), 4, "unsupported operand"),
        (section("{{ title.__class__.__mro__ }}"), 4, "unsafe"),
        (section("<p>R&D</p>"), 4, "a bare & must be written &amp;"),
        (section('<a href="/?a=1&b=2">x</a>'), 4, "a bare & must be written &amp;"),
        (section("<p>a < b</p>"), 4, "a bare < must be written &lt;"),
        (section("<p>text</div>"), 4, "</div> stands where </p> was expected"),
        (section("<p>text"), 5, "</mj-text> stands where </p> was expected"),
        (section("</p>"), 4, "</p> stands where </mj-text> was expected"),
        (section("<p a='1' a='2'>x</p>"), 4, "attribute a stands twice in <p>"),
        (section("<p {% if title %}class='a'{% endif %}>x</p>"), 4, "only stand inside the quotes"),
        (section('<p "x">x</p>'), 4, "the attributes of <p> cannot be read"),
        ("<mj-section>\n<mj-colum>\n</mj-colum></mj-section>", 2, "unknown tag <mj-colum>, did you mean mj-column?"),
        ("<mj-section>\n<mj-column>\n<mj-html-attributes />\n</mj-column></mj-section>", 3, "unknown tag"),
        ("<mj-section paddding='1px' />", 1, "unknown attribute paddding in <mj-section>, did you mean padding?"),
        ("\n<mj-text>x</mj-text>", 2, "<mj-text> cannot stand in <mj-body>"),
        (section("<mj-text>x</mj-text>"), 4, "<mj-text> cannot stand in <mj-text>"),
        ("<mj-section><p>x</p></mj-section>", 1, "<p> cannot stand in <mj-section>"),
        (
            "<mj-section>\n<mj-column>text</mj-column></mj-section>",
            2,
            "text and code cannot stand directly in <mj-column>",
        ),
        (section("<p @click='1'>x</p>"), 4, "the attributes of <p> cannot be read"),
        (section("<p a=b>x</p>"), 4, "the attributes of <p> cannot be read"),
        (section("<!-- a -- b -->"), 4, "a comment cannot hold --"),
        (section("<![CDATA[x]]>"), 4, "a bare < must be written &lt;"),
        ("<mj-include path='x' />", 1, "mj-include is not supported"),
        ("{% include 'partials/none.mjml.j2' %}", 1, "partials/none.mjml.j2: no such template in"),
        (f"\n{{% include '{HEADER}' %}}", 2, f"{HEADER} includes itself"),
        (
            "<mj-section><mj-column>\n<mj-image width='{{ minutes }}px' src='x' /></mj-column></mj-section>",
            2,
            "no place",
        ),
        ("<mj-section css-class='{% if title %}a{% endif %}' />", 1, "MJML has no place for {% if title %} here"),
    ],
)
def test_fault_has_file_and_line(tmp_path: Path, text: str, line: int | None, words: str) -> None:
    file = write(tmp_path, HEADER, text)
    with pytest.raises(TemplateError) as caught:
        open_renderer(tmp_path)
    place, message = str(caught.value).split(": ", 1)
    if line is not None:
        assert place == f"{file}:{line}"
    assert words in message
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "text", "line", "words"),
    [
        ("digest.txt.j2", "x\n{{ titel }}", 2, "'titel' is undefined"),
        ("digest.txt.j2", "x\n{% for %}", 2, "Expected"),
        ("digest.txt.j2", "{{ cards[0].papers }}", 1, "a Card has no 'papers'"),
        ("digest.subject.txt.j2", "{{ 1 / 0 }}", 1, "division by zero"),
        ("digest.preheader.txt.j2", "{{ nothing }}", 1, "'nothing' is undefined"),
        ("words.j2", "{% macro day(date) %}\n{{ dat }}{% endmacro %}", 2, "'dat' is undefined"),
        ("words.j2", "\n{{ 1 / 0 }}", 2, "division by zero"),
        ("words.j2", "\n{% macro %}", 2, "expected token"),
        ("digest.mjml.j2", "<p>\n</p>", 1, "<p> stands outside of <mjml>"),
        ("digest.mjml.j2", "<mjml>\n<mj-head></mj-head>\n", 1, "<mjml> is never closed"),
        ("digest.mjml.j2", "<mjml><mj-head></mj-head></mjml>", 1, "there is no <mj-body> in it"),
        ("digest.mjml.j2", "</mjml>", 1, "</mjml> closes nothing"),
        ("digest.mjml.j2", "x<mjml></mjml>", 1, "cannot stand directly in <template>"),
        ("digest.mjml.j2", "<mjml><mj-head>\n{% set a = 1 %}</mj-head></mjml>", 2, "put them into <mj-raw>"),
    ],
)
def test_fault_in_other_templates(tmp_path: Path, name: str, text: str, line: int, words: str) -> None:
    file = write(tmp_path, name, text)
    with pytest.raises(TemplateError) as caught:
        open_renderer(tmp_path)
    assert str(caught.value).startswith(f"{file}:{line}: ")
    assert words in str(caught.value)


def test_fault_inside_a_macro_has_the_macro_s_place(tmp_path: Path) -> None:
    words = shipped("templates").joinpath("words.j2").read_text(encoding="utf-8")
    file = write(tmp_path, "words.j2", words.replace("{% macro day(date) %}", "{% macro day(date) %}\n{{ date.yaer }}"))
    line = file.read_text(encoding="utf-8")[: file.read_text(encoding="utf-8").index("date.yaer")].count("\n") + 1
    with pytest.raises(TemplateError, match="yaer") as caught:
        open_renderer(tmp_path)
    assert str(caught.value).startswith(f"{file}:{line}: ")


def test_a_tag_without_its_end_is_told_with_its_own_file_too(tmp_path: Path) -> None:
    file = write(tmp_path, HEADER, "<mj-section>\n<mj-column>\n<mj-text>x</mj-text></mj-column>")
    with pytest.raises(TemplateError) as caught:
        open_renderer(tmp_path)
    assert str(caught.value).endswith(f"(<mj-section> was opened at {file}:1)")


def test_a_file_that_is_misspelt_is_found_and_one_with_a_name_of_its_own_is_not(tmp_path: Path) -> None:
    folder = tmp_path / "templates"
    misspelt = write(folder, "partials/crad.mjml.j2", "x")
    write(folder, CARD, "x")
    write(folder, "partials/sponsors-of-the-month.mjml.j2", "x")
    write(folder, "words.fr.j2", "x")
    assert list(find_misnamed([folder, shipped("templates")])) == [(misspelt, CARD)]


def test_template_that_is_not_text(tmp_path: Path) -> None:
    write(tmp_path, CARD, "").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(TemplateError, match=r"partials/card\.mjml\.j2: cannot be read as UTF-8 text"):
        open_renderer(tmp_path)


def test_no_templates_at_all(tmp_path: Path) -> None:
    with pytest.raises(TemplateError, match=r"words\.j2: no such template in"):
        Renderer(folders=[tmp_path / "missing"], title="T", sender=Mailbox(email="papers@example.org"))


def test_a_fault_that_only_one_digest_reaches_has_its_line_too(tmp_path: Path) -> None:
    file = write(
        tmp_path, HEADER, section("{% if cards and cards[0].paper.title == 'Poison' %}\n{{ 1 / 0 }}{% endif %}")
    )
    renderer = open_renderer(tmp_path)
    item = DIGEST.items[0]
    poisoned = type(item)(entry=type(item.entry)(title="Poison"), score=1, match=1, rank=1)
    digest = type(DIGEST)(edition=DIGEST.edition, local_date=DIGEST.local_date, items=(poisoned,))
    with pytest.raises(TemplateError, match="division by zero") as caught:
        renderer.render(digest, subscriber=READER, links=LINKS, message_id=MESSAGE_ID, date=SENT_AT)
    assert str(caught.value).startswith(f"{file}:5: ")


def test_a_user_s_folder_goes_first_file_by_file(tmp_path: Path) -> None:
    write(tmp_path, HEADER, section("<h1>My own header for {{ recipient }}</h1>"))
    html = render_with(tmp_path)
    assert "My own header for ada@example.org" in html
    assert "Why this one:" in html


def test_the_first_of_several_folders_wins(tmp_path: Path) -> None:
    write(tmp_path / "a", HEADER, section("<h1>First</h1>"))
    write(tmp_path / "b", HEADER, section("<h1>Second</h1>"))
    assert "First" in render_with(tmp_path / "a", tmp_path / "b")


def test_code_may_hold_what_mjml_would_choke_on(tmp_path: Path) -> None:
    text = section(
        '<p class="{% if 1 < 2 and "a" == \'a\' %}on{% endif %}">{{ "<&>" }}</p>'
        "<a href='{{ \"https://example.org/?a=\" ~ 1 }}&amp;b=2'>x</a>{# & < #}{% raw %}{{ raw }}{% endraw %}"
    )
    write(tmp_path, HEADER, text)
    html = render_with(tmp_path)
    assert '<p class="on"' in html
    assert "&lt;&amp;&gt;</p>" in html
    assert 'href="https://example.org/?a=1&amp;b=2"' in html
    assert "{{ raw }}" in html


def test_attributes_survive_what_mjml_python_does_to_them(tmp_path: Path) -> None:
    attributes = 'style="color: red;\n  margin: 0" title="C:\\new e\u0301 \u200d&quot;"'
    write(tmp_path, HEADER, section(f"<p {attributes}>x</p><img src='https://example.org/a.png' />"))
    html = render_with(tmp_path)
    assert 'title="C:\\new e\u0301 \u200d&quot;"' in html
    assert "margin:" in html
    assert "\\n" not in html.replace("C:\\new", "")
    assert '<img alt="" src="https://example.org/a.png"' in html


def test_comments_and_conditionals_are_kept(tmp_path: Path) -> None:
    write(tmp_path, HEADER, section("<p>x</p>") + "<mj-raw><!--[if mso]><p>Outlook & co</p><![endif]--></mj-raw>")
    assert "<!--[if mso]><p>Outlook & co</p><![endif]-->" in render_with(tmp_path)


def test_include_in_a_comment_is_none(tmp_path: Path) -> None:
    write(tmp_path, HEADER, "{# {% include 'partials/none.mjml.j2' %}\n #}" + section("<p>Here</p>"))
    assert "Here" in render_with(tmp_path)


def test_what_only_the_compiled_template_stumbles_over(tmp_path: Path) -> None:
    digest = shipped("templates").joinpath("digest.mjml.j2").read_text(encoding="utf-8")
    late = (
        "<mj-raw>{% set heading = title %}</mj-raw><mj-title>{{ heading }}</mj-title>"  # a title is moved to the front
    )
    file = write(tmp_path, "digest.mjml.j2", digest.replace("<mj-title>{{ title }}</mj-title>", late))
    with pytest.raises(TemplateError, match="'heading' is undefined") as caught:
        open_renderer(tmp_path)
    assert str(caught.value).startswith(f"{file}:")


def test_what_the_compiler_refuses(tmp_path: Path) -> None:
    text = "<mjml><mj-head><mj-attributes><mj-text>x</mj-text></mj-attributes></mj-head><mj-body></mj-body></mjml>"
    file = write(tmp_path, "digest.mjml.j2", text)
    with pytest.raises(TemplateError, match="MJML cannot be compiled") as caught:
        open_renderer(tmp_path)
    assert str(caught.value).startswith(f"{file}:1: ")


def test_inline_styles_may_hold_code(tmp_path: Path) -> None:
    style = shipped("templates").joinpath("partials/style.mjml.j2").read_text(encoding="utf-8")
    style = style.replace("color: #6b5d3f", "color: {{ '#123456' }}")
    write(
        tmp_path, "partials/style.mjml.j2", style.replace('<mj-style inline="inline">', "<mj-style inline = 'inline'>")
    )
    assert "color:#123456" in render_with(tmp_path).replace(": ", ":")
