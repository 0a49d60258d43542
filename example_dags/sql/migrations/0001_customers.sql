-- Who buys; the first file of example_spanner_migrations.
CREATE TABLE Customers (
  Id STRING(36) NOT NULL,
  Name STRING(MAX) NOT NULL,
) PRIMARY KEY (Id);

CREATE INDEX CustomersByName ON Customers (Name);
