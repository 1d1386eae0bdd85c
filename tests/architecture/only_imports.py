"""An import-linter contract that names what may be imported; whatever it does not name may not."""

from __future__ import annotations

import sys

from grimp import ImportGraph
from importlinter import Contract, ContractCheck, fields, output
from importlinter.domain.helpers import module_expressions_to_modules


class OnlyImports(Contract):
    """``modules`` (their tests apart) import only themselves, the standard library and ``may_import``.

    Options: ``modules`` (expressions), ``may_import`` (packages), ``but_not`` (packages of the standard library that
    are refused nevertheless, for rooms that do no input or output). Imports are judged one by one: what an allowed
    package imports in its turn is its own affair.
    """

    type_name = "only"

    modules = fields.SetField(subfield=fields.ModuleExpressionField())
    may_import = fields.SetField(subfield=fields.StringField(), required=False)
    but_not = fields.SetField(subfield=fields.StringField(), required=False)

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:
        """Every import that no rule allows."""
        found = []
        for package in sorted(m.name for m in module_expressions_to_modules(graph, self.modules)):  # type: ignore[arg-type]
            for module in sorted({package} | graph.find_descendants(package)):
                if "tests" in module.split("."):
                    continue
                for imported in sorted(graph.find_modules_directly_imported_by(module)):
                    if not self._allowed(package, imported):
                        found.append((module, imported, _line(graph, module, imported)))
        return ContractCheck(kept=not found, metadata={"found": found})

    def _allowed(self, package: str, imported: str) -> bool:
        refused: set[str] = self.but_not or set()  # type: ignore[assignment]
        named: set[str] = self.may_import or set()  # type: ignore[assignment]
        if any(_is_in(imported, name) for name in refused):
            return False
        stdlib = imported.split(".")[0] in sys.stdlib_module_names
        return stdlib or any(_is_in(imported, name) for name in {package, *named})

    def render_broken_contract(self, check: ContractCheck) -> None:
        """One line per import."""
        for module, imported, line in check.metadata["found"]:
            output.print_error(f"{module} imports {imported} (line {line})", bold=False)


def _is_in(module: str, package: str) -> bool:
    return module == package or module.startswith(package + ".")


def _line(graph: ImportGraph, importer: str, imported: str) -> int:
    return min(detail["line_number"] for detail in graph.get_import_details(importer=importer, imported=imported))
