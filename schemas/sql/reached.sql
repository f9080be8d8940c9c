-- What each run reached, as hap-analyze counts it by default. Needs views.sql.

-- The runs to compare, each with its kernel: the table of its build id, or of its fingerprint where it has none.
--   chosen := null       ids of the runs to take; null: all
--   failed := false    runs that are marked as failed are left out
create or replace macro compared_runs(chosen := null, failed := false) as table
select runs.*, coalesce(runs.build_id, kernels.build_id) as kernel
from runs left join kernels
    on runs.build_id is null and runs.kernel_fingerprint = kernels.kernel_fingerprint
where (failed or runs.failure is null) and (chosen is null or list_contains(chosen, runs.run));

-- One row per source function of a kernel: its own row of the line-count table tells, else its clones.
create or replace view source_functions as
select build_id as kernel, module, source_address as source,
    coalesce(
        any_value(function order by address) filter (where address = source_address), any_value(function order by address)
    ) as function,
    coalesce(any_value(file order by address) filter (where address = source_address), any_value(file order by address)) as file,
    coalesce(max(lines) filter (where address = source_address), max(lines)) as lines,
    coalesce(max(complexity) filter (where address = source_address), max(complexity)) as complexity
from kernel_functions
group by all;

-- The functions that each run reached: one row per (run, module, symbol), with its source function.
--   contexts := ['task']    execution contexts that count
--   roles := null           roles that count; null: all but shim and other, and every role in a run that lists no thread
--   observer := false       functions that are there only because of the tracing are left out
-- A symbol without a row in the kernel table (BPF programs, unresolved call sites) is a function of its own, without lines.
create or replace macro reached(contexts := ['task'], roles := null, observer := false, chosen := null, failed := false) as table
with calls as (
    select f.run, r.kernel, f.module, f.address, sum(f.calls) as calls, min(f.function) as symbol
    from functions f
    join compared_runs(chosen := chosen, failed := failed) r using (run)
    left join threads t on t.run = f.run and t.pid = f.pid
    where list_contains(contexts, f.context)
        and (observer or f.observer is null)
        and case
            when roles is not null then list_contains(roles, coalesce(t.role, 'other'))
            else r.threads_listed = 0 or coalesce(t.role, 'other') not in ('shim', 'other')
        end
    group by all
), sources as (
    select c.*, coalesce(k.source_address, c.address) as source
    from calls c
    left join kernel_functions k on k.build_id = c.kernel and k.module = c.module and k.address = c.address
)
select s.run, s.kernel, s.module, s.address, s.source, coalesce(f.function, s.symbol) as function, f.file,
    f.lines, f.complexity, s.calls
from sources s
left join source_functions f on f.kernel = s.kernel and f.module = s.module and f.source = s.source;
