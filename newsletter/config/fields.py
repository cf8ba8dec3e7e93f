"""The types of fields, and the mapping they stand in."""

from __future__ import annotations

from datetime import time, timedelta
from functools import cache
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, PlainValidator, model_validator

from newsletter.config import addresses, named, values
from newsletter.config.document import unquoted
from newsletter.text import one_line

Line = Annotated[str, AfterValidator(one_line)]
Text = Annotated[str, AfterValidator(values.read_text), Field(min_length=1)]
Address = Annotated[str, PlainValidator(addresses.read_address, json_schema_input_type=str)]
Link = Annotated[str, PlainValidator(addresses.read_link, json_schema_input_type=str)]
SecureLink = Annotated[str, PlainValidator(addresses.read_secure_link, json_schema_input_type=str)]
Host = Annotated[str, PlainValidator(addresses.read_host, json_schema_input_type=str)]
Domain = Annotated[str, PlainValidator(addresses.read_domain, json_schema_input_type=str)]
PictureLink = Annotated[str, PlainValidator(addresses.read_picture, json_schema_input_type=str)]
NetworkRange = Annotated[str, PlainValidator(addresses.read_network, json_schema_input_type=str)]
AnyPath = Annotated[Path, PlainValidator(named.read_path, json_schema_input_type=str)]
ExistingPath = Annotated[Path, PlainValidator(named.read_existing_path, json_schema_input_type=str)]
Encoder = Annotated[named.EncoderFiles, PlainValidator(named.read_encoder, json_schema_input_type=str)]
Database = Annotated[str, PlainValidator(named.read_database, json_schema_input_type=str)]
ArxivCategory = Annotated[str, PlainValidator(named.read_arxiv_category, json_schema_input_type=str)]
_DOTTED_PATH = Annotated[str, Field(pattern=r"\.", examples=["package.module.Name"])]
DottedPath = Annotated[str, PlainValidator(values.read_dotted_path, json_schema_input_type=_DOTTED_PATH)]
_CLOCK = Annotated[str, Field(pattern=r"^([01]?[0-9]|2[0-3]):[0-5][0-9]$", examples=["07:30"])]
ClockTime = Annotated[time, PlainValidator(values.read_clock, json_schema_input_type=_CLOCK)]
_COLOR = Annotated[str, Field(pattern=r"^#?([0-9a-fA-F]{3}){1,2}$", examples=["#0b5394"])]
Color = Annotated[str, PlainValidator(values.read_color, json_schema_input_type=_COLOR)]
Language = Annotated[str, PlainValidator(values.read_language_tag, json_schema_input_type=str)]
Finite = Annotated[float, AfterValidator(values.read_finite)]
Options = Annotated[dict[str, Any], BeforeValidator(unquoted)]
Zone = Annotated[ZoneInfo, PlainValidator(values.read_zone, json_schema_input_type=str)]
_DURATION = Annotated[str, Field(pattern=r"^(0|[0-9]{1,6} ?[wdhm])$", examples=["3d", "12h", "90m"])]
Duration = Annotated[timedelta, PlainValidator(values.read_duration, json_schema_input_type=_DURATION)]
SomeTime = Annotated[timedelta, PlainValidator(values.read_some_time, json_schema_input_type=_DURATION)]


class Section(BaseModel):
    """A mapping of the YAML file."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        populate_by_name=True,
        arbitrary_types_allowed=True,
        use_attribute_docstrings=True,
        hide_input_in_errors=True,
    )

    @model_validator(mode="before")
    @classmethod
    def _leave_out_empty(cls, given: Any) -> Any:
        """A key with nothing behind it, as where all below it is commented out, counts as left out."""
        if not isinstance(given, dict):
            return given
        optional = _optional_keys(cls)
        return {key: value for key, value in given.items() if value is not None or key not in optional}

    def _settle(self, **found: Any) -> None:
        """Fill in defaults that follow from other fields, while the model is made."""
        for name, value in found.items():
            if name not in self.model_fields_set:
                self.__dict__[name] = value


@cache
def _optional_keys(section: type[Section]) -> frozenset[str]:
    return frozenset(field.alias or name for name, field in section.model_fields.items() if not field.is_required())


def kind_of(value: Any) -> str | None:
    """The ``kind`` of a mapping or of a finished section, where it has one."""
    kind = value.get("kind") if isinstance(value, dict) else getattr(value, "kind", None)
    return kind if isinstance(kind, str) else None


def plugin_tag(kind: str | None) -> str | None:
    """``plugin`` for a dotted path."""
    return "plugin" if kind and values.is_dotted_path(kind) else None
