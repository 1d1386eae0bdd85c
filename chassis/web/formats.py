"""Numbers, money, quantities and dates as people of the current language write them."""

from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime, format_timedelta
from babel.numbers import format_currency, format_decimal, format_percent

from chassis.web.i18n import current_locale, gettext
from chassis.web.vocabulary import UNITS

CITY_TIME = ZoneInfo("Europe/Rome")

Number = Decimal | int | float | str


def number(value: Number) -> str:
    return format_decimal(Decimal(str(value)), locale=current_locale())


def percent(share: Number) -> str:
    """`share` is a fraction: 0.25 is shown as 25 %."""
    return format_percent(Decimal(str(share)), locale=current_locale())


def money(cents: int) -> str:
    """An amount given in integer euro cents."""
    return format_currency(Decimal(cents) / 100, "EUR", locale=current_locale())


def quantity(value: Number | None, unit: str) -> str:
    """A quantity with its unit (`EUR` is euro, not cents). None is an open-ended quantity."""
    if value is None:
        return gettext("to be agreed")
    amount = Decimal(str(value))
    if unit == "EUR":
        return format_currency(amount, "EUR", locale=current_locale())
    shown = format_decimal(amount, locale=current_locale())
    forms = UNITS.get(unit)
    if forms is None:
        return f"{shown} {unit}"
    return gettext(forms[0] if amount == 1 else forms[1], n=shown)


def day(value: date | datetime | str | None) -> str:
    """A calendar day, such as 20 November 2026; empty for None."""
    if value is None or value == "":
        return ""
    moment = _moment(value)
    if isinstance(moment, datetime):
        moment = moment.astimezone(CITY_TIME).date()
    return format_date(moment, format="long", locale=current_locale())


def moment(value: datetime | str | None) -> str:
    """A day and time in the city's time zone; empty for None."""
    if value is None or value == "":
        return ""
    at = _moment(value)
    if not isinstance(at, datetime):
        return day(at)
    return format_datetime(at, format="medium", tzinfo=CITY_TIME, locale=current_locale())


def since(value: datetime | str, now: datetime | None = None) -> str:
    """How long ago (or until) `value` is, roughly."""
    at = _moment(value)
    if not isinstance(at, datetime):
        return day(at)
    return format_timedelta(at - (now or datetime.now(UTC)), add_direction=True, locale=current_locale())


def _moment(value: date | datetime | str) -> date | datetime:
    """Dates and times as they come: text is ISO 8601; a time without zone is taken as UTC."""
    if isinstance(value, str):
        value = date.fromisoformat(value) if len(value) == 10 else datetime.fromisoformat(value)
    if isinstance(value, datetime) and value.tzinfo is None:
        return value.replace(tzinfo=UTC)
    return value
