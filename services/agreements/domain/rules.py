"""The kinds of rule an instrument may have: few, readable by a lawyer, each with its source and certainty."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from contracts.values import Cents, LongText, ResourceKind, ShortText, Slug, StakeholderType, Value

Certainty = Literal["A", "B", "C"]
"""A: read in the law or an official text. B: secondary source. C: not verified, to be confirmed."""
Severity = Literal["block", "warning"]
"""A blocking rule holds the file up as long as it is open; a warning is shown and holds up nothing."""
Level = Literal["simple", "advanced", "qualified"]
Words = Annotated[LongText, Field(min_length=1)]


class Bilingual(Value):
    """The same words in the two languages of the city's desk."""

    it: Words
    en: Words

    def in_(self, language: str) -> str:
        return self.it if language == "it" else self.en


class Sourced(Value):
    """A rule taken from outside says from where and how sure that is."""

    source: Words
    certainty: Certainty

    @property
    def unconfirmed(self) -> bool:
        """To be confirmed by the Legal Office, and shown as such wherever it shows."""
        return self.certainty == "C"


class Condition(Value):
    """When a rule applies; every part that is given must hold.

    Lines and organisations of the city itself (its warehouse, its vans) do not count. `party_types` looks at parties
    and at the partners behind an offer, `only_party_types` at the parties alone, all of which must be of these kinds,
    `giver_types` at the parties that give.
    """

    value_above_cents: Cents | None = None
    kinds: tuple[ResourceKind, ...] | None = None
    only_kinds: tuple[ResourceKind, ...] | None = None
    expected_return: Literal["none", "visibility"] | None = None
    party_types: tuple[StakeholderType, ...] | None = None
    only_party_types: tuple[StakeholderType, ...] | None = None
    giver_types: tuple[StakeholderType, ...] | None = None
    organisations_at_least: Annotated[int, Field(ge=2, le=50)] | None = None


class Item(Value):
    """One thing on the list that a rule asks to look at."""

    code: Slug
    label: Bilingual


class Ruled(Sourced):
    """What all rules share. A rule that is off says why; one that nobody may override says why not."""

    code: Slug
    label: Bilingual
    when: Condition = Condition()
    severity: Severity = "block"
    enabled: bool = True
    off_because: ShortText | None = None
    overridable: bool = True
    firm_because: Bilingual | None = None

    @property
    def wording(self) -> Bilingual:
        """The label with the record's own numbers in it: `{days}`, `{years}`, `{threshold}`."""
        numbers = {"days": getattr(self, "days", None), "years": getattr(self, "years", None)}
        euros = (self.when.value_above_cents or 0) // 100
        texts = {}
        for language, grouping in (("it", "."), ("en", ",")):
            text = self.label.in_(language).replace("{threshold}", f"{euros:,}".replace(",", grouping))
            for name, number in numbers.items():
                text = text.replace("{" + name + "}", str(number))
            texts[language] = text
        return Bilingual(**texts)


class Evidence(Ruled):
    """Something must be on file: any one of the named terms (a text), documents or fields of the file does.

    `items` lists what the statement has to have looked at. With `by_notice` a public notice of the service does, too.
    """

    kind: Literal["evidence"] = "evidence"
    by_notice: bool = False
    terms: tuple[Slug, ...] = ()
    documents: tuple[Slug, ...] = ()
    fields: tuple[Literal["valid_to"], ...] = ()
    items: tuple[Item, ...] = ()


class Valued(Ruled):
    """The value in euro is known: of every line (of the kinds `of_kinds`), by the declared `term`, or by a document."""

    kind: Literal["valued"] = "valued"
    term: Slug | None = None
    numeric: bool = False
    """Whether the term has to be an amount that can be read as one, so that thresholds see it."""
    documents: tuple[Slug, ...] = ()
    of_kinds: tuple[ResourceKind, ...] | None = None


class Waiting(Ruled):
    """Signature only `days` days after the day written in the term `term` (a date)."""

    kind: Literal["waiting"] = "waiting"
    term: Slug
    days: Annotated[int, Field(ge=0, le=3650)]


class LimitedTerm(Ruled):
    """The agreement has a last day, at most `years` years after the first."""

    kind: Literal["limited_term"] = "limited_term"
    years: Annotated[int, Field(ge=1, le=99)] | None = None


class SignatureForm(Ruled):
    """Only signatures of these levels count.

    The development signer stands for the level that is tried out with it: its documents have no legal value anyway
    and say so.
    """

    kind: Literal["signature_form"] = "signature_form"
    levels: Annotated[tuple[Level, ...], Field(min_length=1)]


Rule = Annotated[Evidence | Valued | Waiting | LimitedTerm | SignatureForm, Field(discriminator="kind")]
