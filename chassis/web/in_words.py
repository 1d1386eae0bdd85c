"""What went wrong, in the reader's one of its two languages."""

from chassis.http.problem import Problem
from chassis.web.i18n import either
from contracts.values import FieldError


def problem_in_words(problem: Problem) -> str:
    """What is wrong and what to do; what is wrong with which field :func:`fault_in_words` says."""
    return either(problem.italian, problem.english)


def fault_in_words(fault: FieldError) -> str:
    """What is wrong with a field, as a sentence without its name."""
    text = either(fault.message_it, fault.message_en)
    return text[:1].upper() + text[1:]
