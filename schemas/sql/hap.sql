-- The Horizontal Attack Profile of the runs of each (runtime, workload). Needs views.sql and reached.sql.

-- A set of functions is known by its name: a run, or the union, core or singletons of a group.
-- Core: the functions of every run of a group. Singletons: those of exactly one.
create or replace macro function_sets(contexts := ['task'], roles := null, observer := false, chosen := null, failed := false) as table
with members as (
    select r.runtime, r.workload, f.*
    from reached(contexts := contexts, roles := roles, observer := observer, chosen := chosen, failed := failed) f
    join compared_runs(chosen := chosen, failed := failed) r using (run)
), groups as (
    select runtime, workload, count(*) as group_runs from compared_runs(chosen := chosen, failed := failed) group by all
), spread as (
    select runtime, workload, kernel, module, source, count(distinct run) as seen from members group by all
), grouped as (
    select m.*, s.seen, g.group_runs
    from members m
    join spread s on s.runtime is not distinct from m.runtime and s.workload is not distinct from m.workload
        and s.kernel is not distinct from m.kernel and s.module = m.module and s.source = m.source
    join groups g on g.runtime is not distinct from m.runtime and g.workload is not distinct from m.workload
)
select runtime, workload, 'run ' || run as set_name, kernel, module, source, address, lines, complexity from grouped
union
select runtime, workload, 'union', kernel, module, source, address, lines, complexity from grouped
union
select runtime, workload, 'core', kernel, module, source, address, lines, complexity from grouped where seen = group_runs
union
select runtime, workload, 'singletons', kernel, module, source, address, lines, complexity from grouped where seen = 1;

-- The metrics of each set, clones of one source function counted once, a line that is inlined into several functions once.
create or replace macro measured(contexts := ['task'], roles := null, observer := false, chosen := null, failed := false) as table
with sets as materialized (
    from function_sets(contexts := contexts, roles := roles, observer := observer, chosen := chosen, failed := failed)
), sources as (
    select runtime, workload, set_name, kernel, module, source, max(lines) as lines, max(complexity) as complexity
    from sets group by all
), extents as (
    select runtime, workload, set_name, count(*) as functions, coalesce(sum(lines), 0) as lines,
        coalesce(sum(complexity), 0) as complexity
    from sources group by all
), code as (
    select runtime, workload, set_name, count(distinct (l.file, l.line)) as code_lines
    from sets s join kernel_lines l on l.build_id = s.kernel and l.module = s.module and l.address = s.address
    group by all
)
unpivot (
    select e.runtime, e.workload, e.set_name, e.functions::bigint as functions, e.lines::bigint as lines,
        coalesce(c.code_lines, 0)::bigint as code_lines, e.complexity::bigint as complexity
    from extents e
    left join code c on c.runtime is not distinct from e.runtime and c.workload is not distinct from e.workload
        and c.set_name = e.set_name
) on functions, lines, code_lines, complexity into name metric value value;

-- One row per (runtime, workload, metric), as `hap-analyze hap` prints it but for the interval.
create or replace macro hap(contexts := ['task'], roles := null, observer := false, chosen := null, failed := false) as table
with groups as (
    select runtime, workload, metric, count(*) as runs, sum(events_lost)::bigint as events_lost
    from compared_runs(chosen := chosen, failed := failed),
        (select unnest(['functions', 'lines', 'code_lines', 'complexity']) as metric)
    group by all
), sets as (
    from measured(contexts := contexts, roles := roles, observer := observer, chosen := chosen, failed := failed)
), figures as (
    select g.runtime, g.workload, g.metric, g.runs, g.events_lost,
        coalesce(list(s.value) filter (where starts_with(s.set_name, 'run ')), []) as of_runs,
        coalesce(max(s.value) filter (where s.set_name = 'union'), 0) as of_union,
        coalesce(max(s.value) filter (where s.set_name = 'core'), 0) as of_core,
        coalesce(max(s.value) filter (where s.set_name = 'singletons'), 0) as of_singletons
    from groups g
    left join sets s on s.runtime is not distinct from g.runtime and s.workload is not distinct from g.workload
        and s.metric = g.metric
    group by all
), filled as (
    -- A run that reached nothing is in no set and counts as 0. Singletons are counted in functions whatever is measured.
    select *, list_concat(of_runs, list_transform(range(runs - len(of_runs)), lambda i: 0)) as of_all_runs,
        max(of_singletons) filter (where metric = 'functions') over (partition by runtime, workload) as singletons
    from figures
)
select runtime, workload, metric, runs, list_avg(of_all_runs) as mean,
    list_aggregate(of_all_runs, 'stddev_samp') as stddev, of_union as "union", of_core as core, singletons, events_lost
from filled
order by runtime, workload, list_position(['functions', 'lines', 'code_lines', 'complexity'], metric);
