"""What MJML allows where: tags, their attributes, their children. mjml-python itself ignores what it does not know."""

from __future__ import annotations


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_PADDING = "padding padding-top padding-right padding-bottom padding-left "
_BORDER = "border border-top border-right border-bottom border-left border-radius "
_FONT = "color font-family font-size font-style font-weight letter-spacing line-height text-decoration text-transform "
_BACKGROUND = (
    "background-color background-url background-repeat background-size"
    " background-position background-position-x background-position-y "
)
_IN_CELL = _PADDING + "align container-background-color "
_ACCORDION = (
    "border font-family icon-align icon-width icon-height icon-wrapped-url icon-wrapped-alt icon-unwrapped-url"
    " icon-unwrapped-alt icon-position "
)

EVERYWHERE = _words("css-class mj-class")

ATTRIBUTES = {
    "mjml": _words("lang dir owa"),
    "mj-head": _words(""),
    "mj-attributes": _words(""),
    "mj-all": None,
    "mj-class": None,
    "mj-breakpoint": _words("width"),
    "mj-font": _words("name href"),
    "mj-preview": _words(""),
    "mj-style": _words("inline"),
    "mj-title": _words(""),
    "mj-body": _words("width background-color id"),
    "mj-raw": _words(""),
    "mj-section": _words(_PADDING + _BORDER + _BACKGROUND + "direction full-width text-align"),
    "mj-wrapper": _words(_PADDING + _BORDER + _BACKGROUND + "direction full-width text-align"),
    "mj-group": _words("background-color direction vertical-align width"),
    "mj-column": _words(
        _PADDING + _BORDER + "background-color direction vertical-align width inner-background-color inner-border"
        " inner-border-top inner-border-right inner-border-bottom inner-border-left inner-border-radius"
    ),
    "mj-hero": _words(
        _PADDING + "mode height background-url background-width background-height background-position border-radius"
        " background-color vertical-align inner-background-color inner-padding inner-padding-top inner-padding-right"
        " inner-padding-bottom inner-padding-left"
    ),
    "mj-text": _words(_IN_CELL + _FONT + "height vertical-align"),
    "mj-button": _words(
        _IN_CELL + _FONT + _BORDER + "background-color height href name rel target vertical-align text-align width"
        " inner-padding"
    ),
    "mj-image": _words(
        _IN_CELL + _BORDER + "alt href name src srcset sizes title rel fluid-on-mobile target width height max-height"
        " font-size usemap"
    ),
    "mj-divider": _words(_IN_CELL + "border-color border-style border-width width"),
    "mj-spacer": _words(_PADDING + "container-background-color height"),
    "mj-table": _words(
        _IN_CELL + "border cellpadding cellspacing color font-family font-size font-weight line-height role"
        " table-layout vertical-align width"
    ),
    "mj-social": _words(
        _IN_CELL + _FONT + "border-radius icon-size icon-height icon-padding inner-padding mode table-layout"
        " text-padding vertical-align"
    ),
    "mj-social-element": _words(
        _PADDING + _FONT + "align icon-position background-color border border-radius href icon-size icon-height"
        " icon-padding name text-padding rel src srcset sizes alt title target vertical-align"
    ),
    "mj-navbar": _words(
        _PADDING + "align base-url hamburger ico-align ico-open ico-close ico-color ico-font-size ico-font-family"
        " ico-text-transform ico-padding ico-padding-top ico-padding-right ico-padding-bottom ico-padding-left"
        " ico-text-decoration ico-line-height"
    ),
    "mj-navbar-link": _words(_PADDING + _FONT + "href name target rel"),
    "mj-accordion": _words(_PADDING + _ACCORDION + "container-background-color"),
    "mj-accordion-element": _words(_ACCORDION + "background-color"),
    "mj-accordion-title": _words(_PADDING + "background-color color font-size font-family font-weight"),
    "mj-accordion-text": _words(_PADDING + _FONT + "background-color"),
    "mj-carousel": _words(
        _PADDING + "align border-radius container-background-color icon-width left-icon right-icon thumbnails"
        " tb-border tb-border-radius tb-hover-border-color tb-selected-border-color tb-width"
    ),
    "mj-carousel-image": _words(
        "alt href rel target title src thumbnails-src border-radius tb-border tb-border-radius"
    ),
}
"""Of each tag that mjml-python can render; ``None`` takes any. What it drops in silence is left out on purpose."""

_IN_COLUMN = _words(
    "mj-accordion mj-button mj-carousel mj-divider mj-image mj-raw mj-social mj-spacer mj-table mj-text mj-navbar"
)
CHILDREN = {
    "mjml": _words("mj-head mj-body"),
    "mj-head": _words("mj-attributes mj-breakpoint mj-font mj-preview mj-style mj-title mj-raw"),
    "mj-attributes": frozenset(ATTRIBUTES),
    "mj-body": _words("mj-section mj-wrapper mj-hero mj-raw"),
    "mj-wrapper": _words("mj-section mj-hero mj-raw"),
    "mj-section": _words("mj-column mj-group mj-raw"),
    "mj-group": _words("mj-column mj-raw"),
    "mj-column": _IN_COLUMN,
    "mj-hero": _IN_COLUMN,
    "mj-navbar": _words("mj-navbar-link mj-raw"),
    "mj-social": _words("mj-social-element mj-raw"),
    "mj-accordion": _words("mj-accordion-element mj-raw"),
    "mj-accordion-element": _words("mj-accordion-title mj-accordion-text mj-raw"),
    "mj-carousel": _words("mj-carousel-image"),
}
"""Tags that hold other MJML tags; all the rest hold HTML or nothing."""

HTML_VOID = _words("area base br col embed hr img input link meta source track wbr")
