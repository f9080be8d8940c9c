-- What one set of runs reached and another did not. Needs views.sql and reached.sql.

-- The functions of the runs a and the runs b (lists of run ids), one row each: side is 'a', 'b' or 'both'.
--   core := true    a function belongs to a side when every run of it has the function, not any
create or replace macro difference(
    a, b, core := false, contexts := ['task'], roles := null, observer := false, failed := false
) as table
with sides as (
    select run, list_contains(a, run) as in_a, list_contains(b, run) as in_b
    from compared_runs(chosen := list_concat(a, b), failed := failed)
), sizes as (
    select count(*) filter (where in_a) as of_a, count(*) filter (where in_b) as of_b from sides
), counts as (
    select f.module, min(f.function) as function, f.source as address, min(f.file) as file, max(f.lines)::bigint as lines,
        coalesce(sum(f.calls) filter (where s.in_a), 0)::bigint as calls_a,
        coalesce(sum(f.calls) filter (where s.in_b), 0)::bigint as calls_b,
        count(distinct f.run) filter (where s.in_a) as runs_a,
        count(distinct f.run) filter (where s.in_b) as runs_b
    from reached(contexts := contexts, roles := roles, observer := observer, chosen := list_concat(a, b), failed := failed) f
    join sides s using (run)
    group by f.module, f.source
), present as (
    select c.*,
        runs_a >= case when core then of_a else 1 end as is_a,
        runs_b >= case when core then of_b else 1 end as is_b
    from counts c, sizes
)
select case when is_a and is_b then 'both' when is_a then 'a' else 'b' end as side,
    module, function, address, file, lines, calls_a, calls_b, runs_a, runs_b
from present
where is_a or is_b
order by list_position(['a', 'b', 'both'], side), lines desc nulls last, module, address;
