"""What went wrong, as its reader is told: the one of its two languages, as a sentence."""

from chassis.http.problem import Problem
from chassis.web.i18n import either
from contracts.values import FieldError


def problem_in_words(problem: Problem) -> str:
    return either(problem.italian, problem.english)


def fault_in_words(fault: FieldError) -> str:
    """What is wrong with a field, without its name."""
    text = either(fault.message_it, fault.message_en)
    return text[:1].upper() + text[1:]
