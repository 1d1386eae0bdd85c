"""The 88 neighbourhoods (NIL, nuclei di identità locale) and the nine municipi of Milan: what lies where.

Names and areas as the city publishes them. A neighbourhood that reaches into several municipi names them all, the one
with the largest share first; slivers below two per cent of its area do not count.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

MUNICIPI = range(1, 10)


@dataclass(frozen=True, slots=True)
class Neighbourhood:
    """``municipi`` are those it lies in; mostly one."""

    number: int
    name: str
    municipi: tuple[int, ...]


NEIGHBOURHOODS: dict[int, Neighbourhood] = {
    one.number: one
    for one in (
        Neighbourhood(1, "Duomo", (1,)),
        Neighbourhood(2, "Brera", (1,)),
        Neighbourhood(3, "Giardini Porta Venezia", (1,)),
        Neighbourhood(4, "Guastalla", (1,)),
        Neighbourhood(5, "Porta Vigentina - Porta Lodovica", (5, 1)),
        Neighbourhood(6, "Porta Ticinese - Conca del Naviglio", (5, 1)),
        Neighbourhood(7, "Magenta - San Vittore", (1,)),
        Neighbourhood(8, "Parco Sempione", (1,)),
        Neighbourhood(9, "Porta Garibaldi - Porta Nuova", (9,)),
        Neighbourhood(10, "Stazione Centrale - Ponte Seveso", (2,)),
        Neighbourhood(11, "Isola", (9, 2)),
        Neighbourhood(12, "Maciachini - Maggiolina", (2, 9)),
        Neighbourhood(13, "Greco - Segnano", (2, 9)),
        Neighbourhood(14, "Niguarda - Ca' Granda - Prato Centenaro - quartiere Fulvio Testi", (9,)),
        Neighbourhood(15, "Bicocca", (9,)),
        Neighbourhood(16, "Gorla - Precotto", (2,)),
        Neighbourhood(17, "Adriano", (2,)),
        Neighbourhood(18, "Cimiano - Rottole - quartiere Feltre", (3,)),
        Neighbourhood(19, "Padova - Turro - Crescenzago", (2,)),
        Neighbourhood(20, "Loreto - Casoretto - Nolo", (2, 3)),
        Neighbourhood(21, "Buenos Aires - Porta Venezia - Porta Monforte", (3,)),
        Neighbourhood(22, "Città Studi", (3,)),
        Neighbourhood(23, "Lambrate - Ortica", (3,)),
        Neighbourhood(24, "Parco Forlanini - Cavriano", (4, 3)),
        Neighbourhood(25, "Corsica", (4,)),
        Neighbourhood(26, "XXII Marzo", (4,)),
        Neighbourhood(27, "Porta Romana", (5, 4)),
        Neighbourhood(28, "Umbria - Molise - Calvairate", (4,)),
        Neighbourhood(29, "Ortomercato", (4,)),
        Neighbourhood(30, "Taliedo - Morsenchio - quartiere Forlanini", (4,)),
        Neighbourhood(31, "Monluè - Ponte Lambro", (4,)),
        Neighbourhood(32, "Triulzo Superiore", (4,)),
        Neighbourhood(33, "Rogoredo - Santa Giulia", (4,)),
        Neighbourhood(34, "Chiaravalle", (5,)),
        Neighbourhood(35, "Lodi - Corvetto", (4,)),
        Neighbourhood(36, "Scalo Romana", (5,)),
        Neighbourhood(37, "Morivione", (5,)),
        Neighbourhood(38, "Vigentino - quartiere Fatima", (5,)),
        Neighbourhood(39, "Quintosole", (5,)),
        Neighbourhood(40, "Ronchetto delle Rane", (5,)),
        Neighbourhood(41, "Gratosoglio - quartiere Missaglia - quartiere Terrazze", (5,)),
        Neighbourhood(42, "Stadera - Chiesa Rossa - quartiere Torretta - Conca Fallata", (5,)),
        Neighbourhood(43, "Tibaldi", (5,)),
        Neighbourhood(44, "Porta Ticinese - Conchetta", (6,)),
        Neighbourhood(45, "Moncucco - San Cristoforo", (6,)),
        Neighbourhood(46, "Barona", (6,)),
        Neighbourhood(47, "Cantalupa", (6, 5)),
        Neighbourhood(48, "Ronchetto sul Naviglio - quartiere Lodovico il Moro", (6,)),
        Neighbourhood(49, "Giambellino", (6,)),
        Neighbourhood(50, "Porta Genova", (6,)),
        Neighbourhood(51, "Porta Magenta", (7, 6)),
        Neighbourhood(52, "Bande Nere", (6, 7)),
        Neighbourhood(53, "Lorenteggio", (6,)),
        Neighbourhood(54, "Muggiano", (7,)),
        Neighbourhood(55, "Baggio - quartiere degli Olmi - quartiere Valsesia", (7,)),
        Neighbourhood(56, "Forze Armate", (7,)),
        Neighbourhood(57, "San Siro", (7,)),
        Neighbourhood(58, "De Angeli - Monte Rosa", (7, 8)),
        Neighbourhood(59, "Tre Torri", (8,)),
        Neighbourhood(60, "Stadio - Ippodromi", (7,)),
        Neighbourhood(61, "Quarto Cagnino", (7,)),
        Neighbourhood(62, "Quinto Romano", (7,)),
        Neighbourhood(63, "Figino", (7,)),
        Neighbourhood(64, "Trenno", (8,)),
        Neighbourhood(65, "Quartiere Gallaratese - quartiere San Leonardo - Lampugnano", (8,)),
        Neighbourhood(66, "QT 8", (8,)),
        Neighbourhood(67, "Portello", (8,)),
        Neighbourhood(68, "Pagano", (8, 1, 7)),
        Neighbourhood(69, "Sarpi", (8, 1)),
        Neighbourhood(70, "Ghisolfa", (8,)),
        Neighbourhood(71, "Villapizzone - Cagnola - Boldinasco", (8,)),
        Neighbourhood(72, "Maggiore - Musocco - Certosa", (8,)),
        Neighbourhood(73, "Cascina Merlata", (8,)),
        Neighbourhood(74, "Roserio", (8,)),
        Neighbourhood(75, "Stephenson", (8,)),
        Neighbourhood(76, "Quarto Oggiaro - Vialba - Musocco", (8,)),
        Neighbourhood(77, "Bovisa", (9,)),
        Neighbourhood(78, "Farini", (9,)),
        Neighbourhood(79, "Dergano", (9,)),
        Neighbourhood(80, "Affori", (9,)),
        Neighbourhood(81, "Bovisasca", (9,)),
        Neighbourhood(82, "Comasina", (9,)),
        Neighbourhood(83, "Bruzzano", (9,)),
        Neighbourhood(84, "Parco Nord", (9,)),
        Neighbourhood(85, "Parco delle Abbazie", (5,)),
        Neighbourhood(86, "Parco dei Navigli", (6, 5)),
        Neighbourhood(87, "Assiano", (7,)),
        Neighbourhood(88, "Parco Bosco in Città", (7, 8)),
    )
}


def municipi_of(nil: int) -> tuple[int, ...]:
    """The municipi a neighbourhood lies in; none for a number that is no neighbourhood."""
    found = NEIGHBOURHOODS.get(nil)
    return found.municipi if found else ()


def nils_of(municipi: Collection[int]) -> tuple[int, ...]:
    """The neighbourhoods that lie in one of these municipi, wholly or in part."""
    return tuple(one.number for one in NEIGHBOURHOODS.values() if not set(one.municipi).isdisjoint(municipi))


def name_of(nil: int) -> str:
    """The neighbourhood by name; its number where it has none."""
    found = NEIGHBOURHOODS.get(nil)
    return found.name if found else str(nil)
