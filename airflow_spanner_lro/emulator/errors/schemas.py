# SPDX-FileCopyrightText: 2026 The airflow-spanner-lro authors
# SPDX-License-Identifier: Apache-2.0
"""What schema statements are refused for that can be read, and make no sense: by name.

The texts are those that Google's emulator of Spanner gives.
"""

from __future__ import annotations

from airflow_spanner_lro.core.status import Code
from airflow_spanner_lro.emulator.errors.base import RpcError, invalid


def _conflict(message: str) -> RpcError:
    return RpcError(Code.FAILED_PRECONDITION, message)


def _unread(text: str, reason: str) -> RpcError:
    return invalid(f"Error parsing Spanner DDL statement: {text!r}: {reason}")


# --- options -------------------------------------------------------------------------------------


def unknown_option(text: str, name: str) -> RpcError:
    """Say that there is no such option."""
    return _unread(text, f"Option: {name} is unknown.")


def option_twice(text: str, name: str) -> RpcError:
    """Say that an option is given two values."""
    return _unread(text, f"Duplicate option: {name}")


def bad_option_value(text: str, name: str, expected: str) -> RpcError:
    """Say that an option has values of another kind."""
    return _unread(
        text,
        f"Unexpected value for option: {name}. Supported option values are {expected} and NULL.",
    )


def bad_stream_option(name: str, value: str) -> RpcError:
    """Say that a change stream cannot be like this."""
    return _conflict(
        f"Invalid {name}: {value}. Change Streams keep changes for 1 to 30 days, and capture "
        "OLD_AND_NEW_VALUES, NEW_ROW, NEW_VALUES or NEW_ROW_AND_OLD_VALUES."
    )


# --- columns -------------------------------------------------------------------------------------


def bad_length(column: str, *, longest: int) -> RpcError:
    """Say that no column can be that long, or short."""
    return invalid(f"Bad length for column {column}. Allowed length range: [1, {longest}].")


def array_of_arrays(text: str) -> RpcError:
    """Say that arrays hold no arrays."""
    return _unread(text, "Array of arrays type is not supported by the schema.")


def bad_vector(column: str) -> RpcError:
    """Say which arrays can have a length."""
    return invalid(
        "`vector_length` can only be applied on ARRAY<FLOAT32> or ARRAY<FLOAT64>, and is not "
        f"negative; see column {column}."
    )


def token_list_shown(column: str) -> RpcError:
    """Say that nobody reads tokens."""
    return invalid(f"TOKENLIST column {column} must be HIDDEN.")


def not_supported(what: str) -> RpcError:
    """Say that Spanner's PostgreSQL has not what PostgreSQL has."""
    return _conflict(f"{what} is not supported.")


def no_such_type(name: str) -> RpcError:
    """Say that there is no type of this name."""
    return _conflict(f"Type <{name.lower()}> does not exist.")


def unknown_type(column: str, name: str) -> RpcError:
    """Say that a type is none of Spanner's, and no proto bundle has it."""
    return invalid(f"Column {column} has the type {name}, which is unknown.")


def duplicate_column(table: str, column: str) -> RpcError:
    """Say that a table has this column."""
    return _conflict(f"Duplicate column name {table}.{column}.")


def no_such_column(table: str, column: str) -> RpcError:
    """Say that a table has no such column."""
    return RpcError(Code.NOT_FOUND, f"Column not found in table {table}: {column}")


def not_null_added(table: str, column: str) -> RpcError:
    """Say that the rows that are there would have no value."""
    return RpcError(
        Code.UNIMPLEMENTED,
        f"Cannot add NOT NULL column {table}.{column} to existing table {table}.",
    )


def bad_commit_timestamp(column: str) -> RpcError:
    """Say which columns can hold commit timestamps."""
    return _conflict(
        f"Column {column} has invalid allow_commit_timestamp option.  Option only allowed "
        "on TIMESTAMP columns."
    )


def type_changed(column: str, old: str, new: str) -> RpcError:
    """Say that a type cannot become another one."""
    return invalid(f"Cannot change type of column `{column}` from `{old}` to `{new}`")


def type_in_use(column: str, *, by: str) -> RpcError:
    """Say what reckons with a column whose type is to change."""
    text = f"Cannot change the data type of column `{column}`, which is used by {by}."
    # Google's emulator tells of a check by another code than of the rest
    return invalid(text) if by.startswith("check constraint") else _conflict(text)


def not_identity(table: str, column: str) -> RpcError:
    """Say that a column does not count by itself."""
    return invalid(f"Column is not an identity column in table {table}: {column}")


def nullability_alone() -> RpcError:
    """Say that a column's NOT NULL goes with its type."""
    return invalid("ALTER COLUMN NOT NULL is not supported without a column type")


def column_in_use(table: str, column: str, *, by: str) -> RpcError:
    """Say what needs a column that is to be dropped."""
    return _conflict(f"Cannot drop column `{column}` from table `{table}`. It is used by {by}.")


def key_column_dropped(table: str, column: str) -> RpcError:
    """Say that a key stays whole."""
    return invalid(f"Cannot drop key column {column} from table {table}.")


# --- sequences -----------------------------------------------------------------------------------


def no_positive_range() -> RpcError:
    """Say that a range would skip nothing."""
    return _conflict("The sequence skipped range has to contain at least one positive value")


def range_reversed() -> RpcError:
    """Say that a range ends before it begins."""
    return _conflict("`skip_range_min` has to be lesser than or equal to `skip_range_max`")


def half_a_range() -> RpcError:
    """Say that a range has two ends."""
    return _conflict("`skip_range_min` and `skip_range_max` have to be set together")


def not_positive(name: str) -> RpcError:
    """Say that a counter begins above zero."""
    return _conflict(f"`{name}` has to be a positive integer number")


def no_sequence_kind(name: str) -> RpcError:
    """Say that nobody has said how a sequence goes on."""
    return invalid(
        f"The sequence kind of {name} is not specified. Please specify the sequence kind "
        "explicitly or set the database option `default_sequence_kind`."
    )


def bad_sequence_kind(kind: str) -> RpcError:
    """Say that there is no such kind of sequence."""
    return invalid(f"Unsupported sequence kind: {kind}")


def twice_said(name: str) -> RpcError:
    """Say that a sequence is told by clauses, or by options."""
    return invalid(
        "The sequence properties can only be set in either clauses and options for the sequence "
        f"{name}"
    )


def no_such_sequence(table: str, column: str, sequence: str) -> RpcError:
    """Say that a column's values come from nowhere."""
    return invalid(
        f"Error parsing the default value of column `{table}`.`{column}`: "
        f"Sequence not found: {sequence}"
    )


# --- keys and constraints ------------------------------------------------------------------------


def no_primary_key(table: str, *, google: bool) -> RpcError:
    """Say that each table has a key."""
    if google:
        return invalid(
            f"Error parsing Spanner DDL statement about {table}: Must specify either table or "
            "column PRIMARY KEY"
        )
    return _conflict(f'Primary key must be defined for table "{table}".')


def two_primary_keys(table: str, *, google: bool) -> RpcError:
    """Say that a table has one key."""
    if google:
        return invalid(f"Cannot specify both table and column PRIMARY KEY of {table}")
    return _conflict("Primary key can be only defined once.")


def no_such_key_column(table: str, column: str) -> RpcError:
    """Say that a key needs columns that are there."""
    return _conflict(f"Table {table} references nonexistent key column {column}.")


def key_column_twice(table: str, column: str) -> RpcError:
    """Say that a key names a column once."""
    return invalid(f"Table {table} references key column {column} more than once.")


def too_many_keys(owner: str, count: int) -> RpcError:
    """Say that a key is longer than the service takes."""
    return invalid(f"{owner} has too many keys ({count}); the limit is 16.")


def key_column_changed(table: str, column: str) -> RpcError:
    """Say that a key keeps its columns as they are."""
    return invalid(f"Cannot change key column {table}.{column}.")


def nullability_in_use(table: str, column: str, *, by: str) -> RpcError:
    """Say what reckons with values that are there, or missing."""
    return _conflict(
        f"Changing NOT NULL constraints on column {table}.{column} is not allowed because it "
        f"affects {by}."
    )


def bad_constraint_name(name: str) -> RpcError:
    """Say that no constraint can be called so."""
    return invalid(f"Constraint name not valid: {name}.")


def bad_key_type(owner: str, column: str, kind: str) -> RpcError:
    """Say that nothing is found by values of this type."""
    return invalid(f"Column {owner}.{column} has type {kind}, but is part of the primary key.")


def not_interleaved(table: str) -> RpcError:
    """Say that a table has no parent."""
    return invalid(f"Cannot SET ON DELETE on table {table} that does not have an INTERLEAVE clause")


def parent_key(owner: str, reason: str) -> RpcError:
    """Say how a key differs from that of the parent."""
    return _conflict(f"{owner} {reason}.")


def no_columns(table: str) -> RpcError:
    """Say that a table within another has columns."""
    return _conflict(f"Table {table} adds no columns and is not a top level table.")


def bad_foreign_key(table: str, name: str, reason: str) -> RpcError:
    """Say what is wrong with a foreign key."""
    return _conflict(f"{reason} in foreign key `{name or 'FK_' + table}`.")


def no_such_constraint(table: str, name: str) -> RpcError:
    """Say that a table has no such constraint."""
    return RpcError(Code.NOT_FOUND, f"{name} is not a constraint in {table}")


def no_such_synonym(table: str, name: str) -> RpcError:
    """Say that a table has no such further name."""
    return invalid(f"SYNONYM {name} does not exist on table {table}.")


def bad_policy(reason: str) -> RpcError:
    """Say what is wrong with a row deletion policy."""
    return invalid(f"ROW DELETION POLICY {reason}")


# --- indexes, change streams, views --------------------------------------------------------------


def bad_index(index: str, reason: str) -> RpcError:
    """Say what is wrong with the columns of an index."""
    return invalid(f"Index {index} {reason}.")


def bad_index_type(index: str, column: str, kind: str) -> RpcError:
    """Say that no index sorts values of this type."""
    return _conflict(f"Cannot reference {kind} {column} in the creation of index {index}.")


def stored_key(index: str, column: str, table: str) -> RpcError:
    """Say that an index has the key of its table anyhow."""
    return _conflict(
        f"Index {index} specifies stored column {column} which is a key of table {table}."
    )


def bad_stream(stream: str, reason: str) -> RpcError:
    """Say what a change stream cannot track."""
    return _conflict(f"Change Stream {stream} {reason}")


def view_reads_nothing(view: str, table: str) -> RpcError:
    """Say that a view reads what is not there."""
    return invalid(f"Error parsing the definition of view `{view}`: Table not found: {table}")


def recursive_view(view: str) -> RpcError:
    """Say that a view would read itself."""
    return _conflict(f"Cannot replace VIEW `{view}` because new definition is recursive.")


def reserved_name(name: str) -> RpcError:
    """Say that a name is the service's own."""
    return invalid(f"Cannot use reserved name {name}")


def kind_twice() -> RpcError:
    """Say that a sequence tells its kind twice."""
    return invalid("The sequence kind is set more than once.")


def no_security(view: str) -> RpcError:
    """Say that a view says by whose rights it reads."""
    return invalid(f"View `{view}` is missing the SQL SECURITY clause.")
