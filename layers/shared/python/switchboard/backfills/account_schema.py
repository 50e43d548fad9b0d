"""The objects that account-priorities adds to the accounts schema, and how a database's own compare with them."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any, Literal

Found = Mapping[str, Any]  # the row of account_schema.found
KEY, INSTANT = "key", "instant"
_KINDS = {KEY: ("uuid", "text", "character varying"),
          INSTANT: ("timestamp with time zone", "timestamp without time zone")}  # fmt: skip
_DEFAULTS = {"now": ("now()", "CURRENT_TIMESTAMP"), "uuid": ("gen_random_uuid()", "(gen_random_uuid())")}
ON_DELETE_CASCADE = "c"


class Standing(Enum):
    """How an object of this name stands in the database."""

    AS_WANTED = auto()
    MISSING = auto()
    UNFINISHED = auto()  # an index whose build was cut off, a foreign key that was not validated
    DIFFERENT = auto()


@dataclass(frozen=True, slots=True)
class State:
    """An object's standing, and what to know about it: where it differs, or a constraint's own name."""

    standing: Standing
    detail: str = ""


@dataclass(frozen=True, slots=True)
class EnumType:
    """Labels in their order; further ones are let be."""

    name: str
    labels: tuple[str, ...]

    def state(self, found: Found) -> State:
        """Wanted: all labels, in this order."""
        labels = found["enums"].get(self.name)
        if labels is None:
            return State(Standing.MISSING)
        known = tuple(label for label in labels if label in self.labels)
        return _if_same(known == self.labels, f"enum {self.name} is {', '.join(labels)}")

    def further_labels(self, found: Found) -> tuple[str, ...]:
        """Labels beyond ours."""
        return tuple(label for label in found["enums"].get(self.name, ()) if label not in self.labels)


@dataclass(frozen=True, slots=True)
class Column:
    """A column. `is_nullable` None: either; `default` is a label, `now` or `uuid`, None: none, "any": any."""

    table: str
    name: str
    kind: str
    is_nullable: bool | None = True
    default: str | None = None

    @property
    def full_name(self) -> str:
        """Table and column."""
        return f"{self.table}.{self.name}"

    def state(self, found: Found) -> State:
        """Wanted: this type, nullability and default."""
        column = found["tables"].get(self.table, {}).get(self.name)
        if column is None:
            return State(Standing.MISSING)
        null = "NULL" if column["is_nullable"] else "NOT NULL"
        default = f" DEFAULT {column['default']}" if column["default"] else ""
        same = (
            column["kind"] in _KINDS.get(self.kind, (self.kind,))
            and self.is_nullable in (None, column["is_nullable"])
            and self._has_default(column["default"])
        )
        return _if_same(same, f"column {self.full_name} is {column['kind']} {null}{default}")

    def _has_default(self, default: str | None) -> bool:
        if self.default == "any":
            return True
        if self.default is None:
            return default is None
        if default is None:
            return False
        return default.startswith(_DEFAULTS.get(self.default, (f"'{self.default}'::",)))


@dataclass(frozen=True, slots=True)
class Table:
    """A table with its columns; its primary key is `id`."""

    name: str
    columns: tuple[Column, ...]

    def state(self, found: Found) -> State:
        """Wanted: every column as wanted, and the key."""
        if self.name not in found["tables"]:
            return State(Standing.MISSING)
        states = [(column, column.state(found)) for column in self.columns]
        wrong = [state.detail for _, state in states if state.standing is Standing.DIFFERENT]
        wrong += [f"column {c.full_name} is missing" for c, state in states if state.standing is Standing.MISSING]
        if not any(i["table"] == self.name and i["is_primary"] and i["columns"] == ["id"] for i in found["indexes"]):
            wrong.append(f"table {self.name} has no primary key (id)")
        return _if_same(not wrong, "; ".join(wrong))


@dataclass(frozen=True, slots=True)
class Reference:
    """A foreign key to another table's id, ON DELETE CASCADE, by whatever name."""

    table: str
    column: str
    target: str

    @property
    def name(self) -> str:
        """The name it gets when it is made."""
        return f"{self.table}_{self.column}_fkey"

    def state(self, found: Found) -> State:
        """Wanted: this target, cascading. Whether it is validated is the Validation's."""
        own = [r for r in found["references"] if r["table"] == self.table and r["column"] == self.column]
        if any(self.is_wanted(r) for r in own):
            return State(Standing.AS_WANTED)
        taken = [r for r in found["references"] if r["table"] == self.table and r["name"] == self.name]
        for other in (*own, *taken):
            return State(
                Standing.DIFFERENT,
                f"foreign key {other['name']} of {self.table}.{other['column']} is to {other['target']}"
                f" with ON DELETE {other['on_delete']}",
            )
        return State(Standing.MISSING)

    def is_wanted(self, reference: Mapping[str, Any]) -> bool:
        """Whether a foreign key of this column is as defined."""
        return bool(
            reference["target"] == self.target
            and reference["is_here"]
            and reference["target_column"] == "id"
            and reference["on_delete"] == ON_DELETE_CASCADE
            and reference["width"] == 1
        )


@dataclass(frozen=True, slots=True)
class Validation:
    """The rows of a foreign key, looked at."""

    reference: Reference

    @property
    def name(self) -> str:
        """The foreign key's."""
        return self.reference.name

    def state(self, found: Found) -> State:
        """Unfinished, with the constraint's own name, until some wanted constraint is validated."""
        ours = self.reference
        own = [r for r in found["references"]
               if r["table"] == ours.table and r["column"] == ours.column and ours.is_wanted(r)]  # fmt: skip
        if not own:
            return State(Standing.MISSING)
        if any(r["is_validated"] for r in own):
            return State(Standing.AS_WANTED)
        return State(Standing.UNFINISHED, own[0]["name"])


@dataclass(frozen=True, slots=True)
class Index:
    """A valid index of this name on these columns, over all rows; or, when unique, any such index."""

    table: str
    name: str
    columns: tuple[str, ...]
    is_unique: bool = False

    def state(self, found: Found) -> State:
        """Wanted: these columns in this order, valid. An invalid one of this name is unfinished."""
        if self.is_unique and any(self._is_wanted(i) for i in found["indexes"]):
            return State(Standing.AS_WANTED)
        for index in found["indexes"]:
            if index["name"] == self.name:
                if index["table"] == self.table and not index["is_valid"]:
                    return State(Standing.UNFINISHED)
                detail = f"index {self.name} is on {index['table']} ({', '.join(index['columns'] or ())})"
                return _if_same(self._is_wanted(index), detail)
        return State(Standing.MISSING)

    def _is_wanted(self, index: Mapping[str, Any]) -> bool:
        return bool(
            index["table"] == self.table
            and index["columns"] == list(self.columns)
            and index["is_valid"]
            and index["is_plain"]
            and index["is_unique"] == self.is_unique
        )


Object = EnumType | Column | Table | Reference | Validation | Index
Kind = Literal["call_plan_table", "column", "enum", "index", "reference", "validation"]


def _if_same(same: bool, detail: str) -> State:
    return State(Standing.AS_WANTED) if same else State(Standing.DIFFERENT, detail)


ACCOUNT_TYPE = EnumType("AccountType", ("ACTIVE", "TARGET", "PROSPECT"))
ENUMS = (
    EnumType("AccountPriority", ("LOW", "MEDIUM", "HIGH")),
    EnumType("CallPlanStatus", ("DRAFT", "ACTIVE", "COMPLETED", "ARCHIVED")),
    EnumType("ContactOutcome", ("NOT_ATTEMPTED", "NO_CONTACT", "CONTACTED", "VISITED")),
)
ACCOUNT_TYPE_COLUMN = Column("Customer", "accountType", "AccountType", is_nullable=None, default="any")
EARLIER = (ACCOUNT_TYPE, ACCOUNT_TYPE_COLUMN,
           Column("Customer", "lastOrderDate", INSTANT, is_nullable=None, default="any"))  # fmt: skip
CUSTOMER_COLUMNS = (Column("Customer", "accountPriority", "AccountPriority"), Column("Customer", "territory", "text"))
CALL_PLAN_COLUMNS = (
    Column("CallPlan", "status", "CallPlanStatus", is_nullable=False, default="DRAFT"),
    Column("CallPlan", "targetCount", "integer"),
    Column("CallPlan", "weekNumber", "integer"),
    Column("CallPlan", "year", "integer"),
)


def _table(name: str, *columns: Column) -> Table:
    """With the columns that both tables have."""
    keys = ("tenantId", "callPlanId", "customerId")
    own_id = Column(name, "id", KEY, is_nullable=False, default="any")
    references = (Column(name, key, KEY, is_nullable=False) for key in keys)
    return Table(name, (own_id, *references, *columns, Column(name, "notes", "text")))


TABLES = (
    _table(
        "CallPlanAccount",
        Column("CallPlanAccount", "objective", "text"),
        Column("CallPlanAccount", "addedAt", INSTANT, is_nullable=None, default="now"),
        Column("CallPlanAccount", "contactOutcome", "ContactOutcome", is_nullable=False, default="NOT_ATTEMPTED"),
        Column("CallPlanAccount", "contactedAt", INSTANT),
    ),
    _table(
        "CallPlanActivity",
        Column("CallPlanActivity", "activityTypeId", KEY, is_nullable=False),
        Column("CallPlanActivity", "occurredAt", INSTANT, is_nullable=False),
        Column("CallPlanActivity", "createdAt", INSTANT, is_nullable=None, default="now"),
    ),
)
_TARGETS = {"tenantId": "Tenant", "callPlanId": "CallPlan", "customerId": "Customer", "activityTypeId": "ActivityType"}
REFERENCES = tuple(
    Reference(table, column, _TARGETS[column])
    for table, columns in (
        ("CallPlanAccount", ("tenantId", "callPlanId", "customerId")),
        ("CallPlanActivity", ("tenantId", "callPlanId", "customerId", "activityTypeId")),
    )
    for column in columns
)
UNIQUE_KEY = Index(
    "CallPlanAccount", "CallPlanAccount_callPlanId_customerId_key", ("callPlanId", "customerId"), is_unique=True
)


def _indexes(table: str, *columns: tuple[str, ...]) -> tuple[Index, ...]:
    return tuple(Index(table, f"{table}_{'_'.join(names)}_idx", names) for names in columns)


INDEXES = (
    *_indexes("Customer", ("accountPriority",), ("territory",)),
    *_indexes("CallPlan", ("status",), ("year", "weekNumber")),
    *_indexes(
        "CallPlanAccount", ("tenantId",), ("callPlanId",), ("customerId",), ("contactOutcome",), ("contactedAt",)
    ),
    *_indexes(
        "CallPlanActivity", ("tenantId",), ("callPlanId",), ("customerId",), ("activityTypeId",), ("occurredAt",)
    ),
)
OBJECTS: tuple[Object, ...] = (
    *ENUMS, *CUSTOMER_COLUMNS, *CALL_PLAN_COLUMNS, *TABLES, *REFERENCES,
    *(Validation(reference) for reference in REFERENCES), UNIQUE_KEY, *INDEXES,
)  # fmt: skip


def kind_of(wanted: Object) -> Kind:
    """What an object is; the kinds' alphabetical order is the order of taking them back."""
    kinds: dict[type, Kind] = {EnumType: "enum", Column: "column", Table: "call_plan_table", Reference: "reference",
                               Validation: "validation", Index: "index"}  # fmt: skip
    return kinds[type(wanted)]


def shown_name(wanted: Object) -> str:
    """The object's name, a column's with its table."""
    return wanted.full_name if isinstance(wanted, Column) else wanted.name


def statement_name(verb: str, name: str) -> str:
    """`make` and `Customer.accountPriority`: account_schema.make_customer__account_priority."""
    snake = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name.replace(".", "__")).lower()
    return f"account_schema.{verb}_{snake}"


def differences(found: Found) -> Sequence[str]:
    """What exists with another definition, or has to be there before and is not."""
    states = [(wanted, wanted.state(found)) for wanted in (*EARLIER, *OBJECTS)]
    missing = [f"{shown_name(w)} is missing" for w, s in states if w in EARLIER and s.standing is Standing.MISSING]
    return missing + [state.detail for _, state in states if state.standing is Standing.DIFFERENT]
