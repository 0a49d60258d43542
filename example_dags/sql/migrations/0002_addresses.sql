-- Where they live: each customer may have several addresses.
CREATE TABLE Addresses (
  Id STRING(36) NOT NULL,
  Number INT64 NOT NULL,
  Town STRING(MAX),
) PRIMARY KEY (Id, Number), INTERLEAVE IN PARENT Customers ON DELETE CASCADE;

-- reads the rows that are there, so it can fail half-way
CREATE INDEX AddressesByTown ON Addresses (Town);
