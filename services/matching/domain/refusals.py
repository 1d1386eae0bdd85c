"""What matching refuses to do, said so that the person who asked knows what to do next."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Literal

from contracts.units import amount

Kind = Literal["not_found", "forbidden", "conflict", "invalid"]


class Refusal(Exception):
    """``code`` is stable; ``pointer`` names the wrong field of an ``invalid`` one."""

    def __init__(self, kind: Kind, code: str, italian: str, english: str, pointer: str = "") -> None:
        super().__init__(f"{code}: {english}")
        self.kind = kind
        self.code = code
        self.italian = italian
        self.english = english
        self.pointer = pointer


class NoLongerThere(Exception):
    """What the match stands on is gone, or one side has set a limit meanwhile: the proposal has to end."""


def unknown_match() -> Refusal:
    return Refusal("not_found", "not-found", "Questo abbinamento non esiste.", "There is no such match.")


def not_yours() -> Refusal:
    return Refusal(
        "forbidden",
        "not-your-party",
        "Non puoi decidere per questa parte dell'abbinamento.",
        "You cannot decide for this party of the match.",
    )


def which_party(parties: list[str]) -> Refusal:
    known = ", ".join(parties)
    return Refusal(
        "invalid",
        "party-required",
        f"Indica per quale parte: {known}",
        f"Say for which party: {known}",
        "/party_id",
    )


def unknown_party() -> Refusal:
    return Refusal(
        "invalid",
        "unknown-party",
        "Questa parte non fa parte dell'abbinamento.",
        "The match has no such party.",
        "/party_id",
    )


def note_required() -> Refusal:
    return Refusal(
        "invalid",
        "note-required",
        "Chi decide per altri annota come lo ha saputo (almeno 3 caratteri).",
        "Who decides for others notes how they know (at least 3 characters).",
        "/note",
    )


def channel_required() -> Refusal:
    return Refusal(
        "invalid",
        "channel-required",
        "Indica come la parte lo ha detto: telefono, lettera, e-mail o incontro.",
        "Say how the party said so: telephone, letter, email or meeting.",
        "/channel",
    )


def quantity_required(positions: tuple[int, ...]) -> Refusal:
    shown = ", ".join(str(position) for position in positions)
    return Refusal(
        "invalid",
        "quantity-required",
        f"La quantità è aperta da entrambe le parti: fissala per le posizioni {shown}.",
        f"The quantity is open on both sides: fix it for the positions {shown}.",
        "/quantities",
    )


def quantity_fixed(position: int) -> Refusal:
    return Refusal(
        "invalid",
        "quantity-fixed",
        f"La quantità della posizione {position} è già fissata.",
        f"The quantity of position {position} is fixed already.",
        "/quantities",
    )


def quantity_too_large() -> Refusal:
    return Refusal(
        "invalid",
        "too-large",
        "È una quantità troppo grande per il registro.",
        "This is too large a quantity for the ledger.",
        "/quantities",
    )


def unknown_position(position: int) -> Refusal:
    return Refusal(
        "invalid",
        "unknown-position",
        f"L'abbinamento non ha una posizione {position}.",
        f"The match has no position {position}.",
        "/quantities",
    )


def nothing_countered() -> Refusal:
    return Refusal(
        "invalid",
        "nothing-countered",
        "Sono le quantità già proposte: per accettarle basta dire di sì.",
        "These are the quantities as proposed: to agree to them, accept.",
        "/quantities",
    )


def not_so_much(most: Decimal, unit: str, whose: Literal["need", "offer"], pointer: str) -> Refusal:
    """More than there is; the match stays as it was."""
    italian, english = amount(most, unit)
    return Refusal(
        "invalid",
        "not-so-much",
        f"Al massimo {italian}: "
        + ("di più il bisogno non chiede." if whose == "need" else "di più l'offerta non ha di libero."),
        f"At most {english}: " + ("the need asks for no more." if whose == "need" else "no more of the offer is free."),
        pointer,
    )


_NO_LESS = {
    "need": ("il bisogno non ne prende meno da un'offerta.", "the need takes no less from one offer."),
    "offer": ("chi offre non ne dà meno.", "the offer is not given in smaller lots."),
}


def below_lot(least: Decimal, unit: str, whose: Literal["need", "offer"], pointer: str) -> Refusal:
    """Less than one side gives or takes at a time; the match stays as it was."""
    italian, english = amount(least, unit)
    return Refusal(
        "invalid",
        "below-lot",
        f"Almeno {italian}: {_NO_LESS[whose][0]}",
        f"At least {english}: {_NO_LESS[whose][1]}",
        pointer,
    )


def leaves_below_lot(least: Decimal, unit: str, whose: Literal["need", "offer"], pointer: str) -> Refusal:
    """Another allocation of the same line would be less than one side gives or takes at a time."""
    italian, english = amount(least, unit)
    return Refusal(
        "invalid",
        "leaves-below-lot",
        f"Così a un'altra parte restano meno di {italian}: {_NO_LESS[whose][0]}",
        f"That leaves another part with less than {english}: {_NO_LESS[whose][1]}",
        pointer,
    )


def not_later() -> Refusal:
    return Refusal("invalid", "not-later", "Indica un giorno futuro.", "Name a day in the future.", "/until")


def too_far(latest: date, bound: Literal["policy", "in_all", "deadline", "reservation"]) -> Refusal:
    day = f"{latest:%d/%m/%Y}"
    italian, english = {
        "policy": ("una proposta non si rinvia oltre", "a proposal is not put off any further"),
        "in_all": (
            "la proposta è già stata rinviata abbastanza, va decisa",
            "the proposal has been put off for long enough and is to be decided",
        ),
        "deadline": ("dopo, il bisogno sarebbe scaduto", "after that the need would be past its deadline"),
        "reservation": ("dopo, le quantità non sono più riservate", "after that the quantities are not reserved"),
    }[bound]
    return Refusal(
        "invalid",
        f"too-far-{bound}",
        f"Al più tardi il {day}: {italian}.",
        f"On {day} at the latest: {english}.",
        "/until",
    )


def cannot_undo(obstacle: str) -> Refusal:
    italian, english = {
        "nothing_to_undo": (
            "Non c'è una decisione da annullare: dopo l'ultima è già successo altro.",
            "There is no decision to take back: something else has happened since the last one.",
        ),
        "somebody_elses": (
            "L'ultima decisione è di qualcun altro: si annulla solo la propria.",
            "The last decision is somebody else's: only one's own can be taken back.",
        ),
        "too_late": (
            "Il tempo per annullare è passato.",
            "The time to take it back is over.",
        ),
        "agreement_signed": (
            "C'è già un accordo firmato: si scioglie dall'accordo.",
            "An agreement is signed already: terminate the agreement instead.",
        ),
        "agreement_under_way": (
            "L'accordo è già stato inviato alla verifica: parlane con l'Ufficio Legale, che può respingerlo.",
            "The agreement has been submitted for review already: talk to the Legal Office, which can reject it.",
        ),
        "ending_already": (
            "Lo scioglimento è già stato chiesto: tra poco vedi qui com'è andata.",
            "Its end has been asked for already: in a moment you see here what came of it.",
        ),
    }[obstacle]
    return Refusal("conflict", obstacle.replace("_", "-"), italian, english)


def gone_meanwhile() -> Refusal:
    return Refusal(
        "conflict",
        "gone-meanwhile",
        "Non si può più annullare: nel frattempo le quantità o il posto sono andati a un altro abbinamento, oppure il"
        " bisogno o l'offerta sono cambiati.",
        "This cannot be taken back any more: in the meantime the quantities or the place went to another match, or the"
        " need or the offer has changed.",
    )


def closed(state: str) -> Refusal:
    """Somebody (or time) was faster."""
    italian, english = {
        "accepted": ("Tutti hanno già detto di sì.", "Everybody has said yes already."),
        "declined": ("Nel frattempo una parte ha rifiutato.", "In the meantime a party declined."),
        "expired": (
            "La proposta nel frattempo è scaduta: guarda le nuove proposte.",
            "The proposal has expired in the meantime: look at the new proposals.",
        ),
        "released": ("L'abbinamento è già stato sciolto.", "The match was released already."),
        "proposed": (
            "L'abbinamento non è ancora accettato: si può rifiutare.",
            "The match is not accepted yet: it can be declined.",
        ),
    }[state]
    return Refusal("conflict", f"match-{state}", italian, english)


def unknown_plan() -> Refusal:
    return Refusal("not_found", "not-found", "Questo piano non esiste.", "There is no such plan.")


def plan_over() -> Refusal:
    return Refusal(
        "conflict", "plan-over", "Il piano è già concluso: non c'è nulla da annullare.", "The plan is over already."
    )


def plan_not_done() -> Refusal:
    return Refusal(
        "conflict",
        "plan-not-done",
        "Il piano non è (ancora) pronto: solo un piano pronto si può usare.",
        "The plan is not (yet) done: only a plan that is done can be used.",
    )


def no_longer_there() -> Refusal:
    return Refusal(
        "conflict",
        "no-longer-available",
        "Nel frattempo le quantità sono andate a un altro abbinamento, oppure il bisogno o l'offerta sono cambiati:"
        " questa proposta si chiude, guarda le nuove.",
        "In the meantime the quantities went to another match, or the need or the offer has changed: this proposal is"
        " closed, look at the new ones.",
    )


def signed_already() -> Refusal:
    return Refusal(
        "conflict",
        "agreement-signed",
        "C'è già un accordo firmato: si scioglie dall'accordo.",
        "An agreement is signed already: terminate the agreement instead.",
    )
