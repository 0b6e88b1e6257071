"""Tables of things (operators, topics, companies, channels): each figure beside what it was before."""

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Generic, TypeVar

from gateway.catalogue import Translator, _
from gateway.rules import changes
from gateway.rules.changes import Better, Change
from gateway.services.reporting.report import Means
from gateway.services.reporting.table import Column, Kind, Row, Table
from gateway.services.reporting.totals import percent

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Count(Generic[T]):
    """A number of each thing."""

    title: str
    value: Callable[[T], int]
    better: Better
    kind: Kind = Kind.COUNT

    def shown(self, thing: T | None) -> int:
        return self.value(thing) if thing is not None else 0

    def change(self, now: T | None, before: T | None) -> Change:
        return changes.of_count(self.shown(now), self.shown(before), self.better)


@dataclass(frozen=True, slots=True)
class Mean(Generic[T]):
    """A mean of each thing's times."""

    title: str
    value: Callable[[T], Means]
    mean: Callable[[Means], Fraction | None]
    kind: Kind = Kind.MINUTES

    def shown(self, thing: T | None) -> Fraction | None:
        return self.mean(self.value(thing)) if thing is not None else None

    def change(self, now: T | None, before: T | None) -> Change:
        cases = min(self.value(each).cases if each is not None else 0 for each in (now, before))
        better = changes.RESOLUTION
        return changes.of_minutes(self.shown(now), self.shown(before), cases=cases, better=better)


@dataclass(frozen=True, slots=True)
class Things(Generic[T]):
    """A table to be: what its things are, how they are told apart and named, what is shown of each."""

    name: str
    thing: str
    key: Callable[[T], Hashable]
    named: Callable[[T], str]
    measures: Sequence[Count[T] | Mean[T]]

    def table(self, say: Translator, now: Sequence[T], before: Sequence[T] | None) -> Table:
        """Return the table; what is only in the other period comes last, so that columns add up."""
        columns = [Column(say(self.thing), Kind.TEXT)]
        for measure in self.measures:
            title = say(measure.title)
            columns.append(Column(title, measure.kind))
            if before is not None:
                columns.append(Column(say(_("{figure}: before")).format(figure=title), measure.kind))
                columns.append(Column(say(_("{figure}: change")).format(figure=title), Kind.PERCENT))
        return Table(say(self.name), columns, list(self._rows(now, before)))

    def _rows(self, now: Sequence[T], before: Sequence[T] | None) -> Iterator[Row]:
        if before is None:
            for each in now:
                yield [self.named(each), *(measure.shown(each) for measure in self.measures)]
            return
        former: Mapping[Hashable, T] = {self.key(each): each for each in before}
        known = {self.key(each) for each in now}
        pairs: list[tuple[T | None, T | None]] = [(each, former.get(self.key(each))) for each in now]
        pairs += [(None, each) for each in before if self.key(each) not in known]
        for thing, then in pairs:
            named = thing if thing is not None else then
            if named is not None:
                yield [self.named(named), *self._cells(thing, then)]

    def _cells(self, now: T | None, before: T | None) -> Iterator[int | Fraction | None]:
        for measure in self.measures:
            yield measure.shown(now)
            yield measure.shown(before)
            yield percent(measure.change(now, before))
