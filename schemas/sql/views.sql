-- The tables of a dataset as views. First: set variable dataset = 'path/to/dataset';

create or replace view runs as
select * from read_parquet(getvariable('dataset') || '/runs/*/runs.parquet', hive_partitioning = false);

create or replace view threads as
select * from read_parquet(getvariable('dataset') || '/threads/*/threads.parquet', hive_partitioning = false);

create or replace view functions as
select * from read_parquet(getvariable('dataset') || '/functions/*/functions.parquet', hive_partitioning = false);

create or replace view kernels as
select * from read_parquet(getvariable('dataset') || '/kernels/*/kernel.parquet', hive_partitioning = false);

create or replace view kernel_functions as
select * from read_parquet(getvariable('dataset') || '/kernels/*/functions.parquet', hive_partitioning = true);

create or replace view kernel_lines as
select * from read_parquet(getvariable('dataset') || '/kernels/*/lines.parquet', hive_partitioning = true);
