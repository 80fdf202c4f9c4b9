namespace PgConductor.IntegrationTests.Permissions;

/// <summary>What each role does, as SQL; every privilege it is granted is needed by something here.</summary>
internal static class RoleScenarios
{
    private const string Large = "jsonb_build_object('text', (select string_agg(md5(n::text), '') from generate_series(1, 400) n))";

    /// <summary>Done by the owner before: what a client finds.</summary>
    public const string Setup = """
        select pgconductor.create_queue('mail');
        select pgconductor.register_orchestrator('00000000-0000-7000-8000-0000000000aa', 'other', '1', 1);
        select pgconductor.register_worker('00000000-0000-7000-8000-0000000000aa', 'mail', '[{"key": "other"}]');
        select pgconductor.invoke('other', '1', p_queue => 'mail', p_dedupe_key => 'running');
        select pgconductor.claim_executions('00000000-0000-7000-8000-0000000000aa', 'mail', 10);
        insert into pgconductor.tasks (key, limit_path, max_running_per_key) values ('limited', '{k}', 1);
        insert into pgconductor.held_lanes values ('limited', '=1', 'default', 'x', 0, 'infinity');
        create table public.orders_of_users (id integer);
        alter table pgconductor.events alter column left_over set default true;
        grant trigger on public.orders_of_users to pgconductor_worker;
        """;

    public const string Client = $"""
        insert into pgconductor.tasks (key, max_running) values ('limited by a client', 1);
        select pgconductor.invoke('new-task', '1');
        select pgconductor._resolve_tasks(array['copied-task'], array[null]::text[]);
        select pgconductor.invoke('new-task', {Large}, p_queue => 'mail', p_priority => 3);
        select pgconductor.invoke('new-task', '1', p_dedupe_key => 'a', p_run_at => now() + interval '1 hour');
        select pgconductor.invoke('new-task', '2', p_dedupe_key => 'a');
        select pgconductor.invoke('new-task', {Large}, p_dedupe_key => 'a', p_dedupe_policy => 'replace_pending', p_run_at => now() + interval '1 hour');
        select pgconductor.invoke('new-task', '3', p_dedupe_key => 'a', p_dedupe_policy => 'replace_pending', p_run_at => now() + interval '1 hour');
        select pgconductor.invoke('new-task', '1', p_id => '00000000-0000-7000-8000-0000000000c1');
        select pgconductor.invoke('new-task', '1', p_id => '00000000-0000-7000-8000-0000000000c1', p_repeated => true);
        select pgconductor.invoke('new-task', '1', p_id => '00000000-0000-7000-8000-0000000000c2', p_repeated => true);
        select pgconductor.invoke('other', '1', p_dedupe_key => 'running', p_dedupe_policy => 'replace_pending');
        do $$ begin perform pgconductor.invoke('other', '1', p_dedupe_key => 'running', p_dedupe_policy => 'reject'); exception when sqlstate 'PC003' then null; end $$;
        select pgconductor.invoke_batch(array['new-task', 'batch-task'], array['1'::jsonb, {Large}]);
        select pgconductor.invoke('paced-task', {Large}, p_debounce => '1 hour');
        select pgconductor.invoke('new-task', '1', p_throttle => '1 hour');
        select pgconductor.invoke_batch(array['paced-task'], array['1'::jsonb], p_debounces => array[interval '1 hour']);
        select pgconductor._resolve_tasks(array['copied-task'], array['mail']);
        select pgconductor.invoke('limited', jsonb_build_object('k', 1));
        select pgconductor.emit_event('k', '1');
        select pgconductor.emit_events(array['k'], array['1'::jsonb]);
        select pgconductor.schedule('mine', 'new-task', '@daily'), pgconductor.schedule('mine', 'new-task', '@hourly'), pgconductor.unschedule('mine');
        """;

    /// <summary>An orchestrator's life: registers, claims, records each outcome, takes over, keeps house, leaves.</summary>
    public const string Worker = $$"""
        select version, checksum from pgconductor.migrations;
        select path, checksum from pgconductor.function_scripts;
        select pgconductor.register_orchestrator('00000000-0000-7000-8000-0000000000b1', 'w', '1', 1);
        select pgconductor.create_queue('made-by-worker');
        select pgconductor.register_worker('00000000-0000-7000-8000-0000000000b1', 'default', '[{"key": "t", "max_attempts": 3}]');
        select pgconductor.register_worker('00000000-0000-7000-8000-0000000000b1', 'default', '[{"key": "t", "max_attempts": 2}]');
        do $$ begin assert (pgconductor.invoke_and_claim('00000000-0000-7000-8000-0000000000b1', 'default', 't', p_id => '00000000-0000-7000-8000-0000000000c4')).lease_id is not null, 'claimed at once'; end $$;
        select pgconductor.return_executions('00000000-0000-7000-8000-0000000000b1', '{}', array[l.id], array[1], array['completed'])
        from pgconductor.leases l where '00000000-0000-7000-8000-0000000000c4' = any (l.ids);
        select pgconductor.invoke('t', {{Large}}, p_dedupe_key => 'k');
        select pgconductor.invoke('t', '2', p_dedupe_key => 'l');
        select pgconductor.invoke('unknown', '2', p_id => '00000000-0000-7000-8000-0000000000c3', p_repeated => true);
        select pgconductor.invoke_batch(array['t'], array['1'::jsonb], p_run_ats => array[now() + interval '1 hour']);
        select pgconductor._resolve_tasks(array['t'], array[null]);
        select pgconductor.invoke_batch(array['foreign', 'foreign'], array['1'::jsonb, '2'], p_debounces => array[interval '1 hour', '1 hour']);
        insert into pgconductor.executions (task_key, lane, payload) values ('foreign', '', '1');
        insert into pgconductor.executions (task_key, lane, payload, attempts, max_attempts) values ('t', '', '1', 5, 1);
        do $$ begin perform pgconductor.claim_executions('00000000-0000-7000-8000-0000000000b1', 'nobody', 10); exception when sqlstate 'PC001' then null; end $$;
        select pgconductor._resolve_tasks(array['copied-task'], array[null]::text[]);
        select pgconductor.worker_idle('default');
        select pgconductor.worker_busy('default');
        select pgconductor.claim_executions('00000000-0000-7000-8000-0000000000b1', 'default', 10);
        select pgconductor.register_worker('00000000-0000-7000-8000-0000000000b1', 'made-by-worker', '[{"key": "windowed", "windows": ["09:00-10:00"]}]');
        select pgconductor.invoke('windowed', '1', 'made-by-worker');
        select set_config('pgconductor.fake_now', '2025-01-15 08:00+00', true);
        select pgconductor.claim_executions('00000000-0000-7000-8000-0000000000b1', 'made-by-worker', 10);
        select pgconductor.find_late_arrivals('00000000-0000-7000-8000-0000000000b1', 'made-by-worker', '[["", 0, "2025-01-15"]]');
        select set_config('pgconductor.fake_now', '', true);
        select pgconductor.return_executions('00000000-0000-7000-8000-0000000000b1', '{}', array[l.id, l.id], array[1, 2], array['completed', 'dead'])
        from pgconductor.leases l where l.orchestrator_id = '00000000-0000-7000-8000-0000000000b1';
        select pgconductor.invoke('t', '3', p_dedupe_key => 'm');
        select pgconductor.claim_executions('00000000-0000-7000-8000-0000000000b1', 'default', 10);
        select pgconductor.return_executions('00000000-0000-7000-8000-0000000000b1', '{}', array[l.id], array[1], array['failed'])
        from pgconductor.leases l where l.orchestrator_id = '00000000-0000-7000-8000-0000000000b1';
        select pgconductor.invoke('t', '4', p_id => '00000000-0000-7000-8000-0000000000d1', p_priority => 50);
        select pgconductor.claim_executions('00000000-0000-7000-8000-0000000000b1', 'default', 1);
        select pgconductor.save_step('00000000-0000-7000-8000-0000000000b1', l.id, 1, 'a', '1')
        from pgconductor.leases l where '00000000-0000-7000-8000-0000000000d1' = any (l.ids);
        select pgconductor.load_steps('00000000-0000-7000-8000-0000000000d1');
        select pgconductor.return_executions('00000000-0000-7000-8000-0000000000b1', '{}', array[l.id], array[1], array['suspended'],
            array['{"waits": [{"name": "c", "kind": "child", "child": {"id": "00000000-0000-7000-8000-0000000000d2", "task": "t", "payload": 5, "priority": 50} },
                              {"name": "d", "kind": "child", "child": {"id": "00000000-0000-7000-8000-0000000000d3", "task": "t", "payload": 5, "priority": 40} }] }'::jsonb])
        from pgconductor.leases l where '00000000-0000-7000-8000-0000000000d1' = any (l.ids);
        select pgconductor.claim_executions('00000000-0000-7000-8000-0000000000b1', 'default', 1);
        select pgconductor.return_executions('00000000-0000-7000-8000-0000000000b1', '{}', array[l.id], array[1], array['completed'])
        from pgconductor.leases l where '00000000-0000-7000-8000-0000000000d2' = any (l.ids);
        select pgconductor.claim_executions('00000000-0000-7000-8000-0000000000b1', 'default', 2);
        select pgconductor.return_executions('00000000-0000-7000-8000-0000000000b1', '{}', array[l.id], array[array_position(l.ids, '00000000-0000-7000-8000-0000000000d1')], array['completed'])
        from pgconductor.leases l where '00000000-0000-7000-8000-0000000000d1' = any (l.ids);
        select pgconductor.register_subscriptions('shop', '[{"task_key": "t", "name": "a", "event": "k", "filter": {"contains": {"n": 1} } }, {"task_key": "t", "name": "b", "event": "j", "fields": ["x"]},
            {"task_key": "t", "name": "c", "table": "orders_of_users", "operation": "insert"}]');
        select pgconductor.invoke('t', '4', p_id => '00000000-0000-7000-8000-0000000000d5', p_priority => 60);
        select pgconductor.claim_executions('00000000-0000-7000-8000-0000000000b1', 'default', 1);
        select pgconductor.expect_event('00000000-0000-7000-8000-0000000000b1', l.id, 1, '{"name": "e", "ordinal": 1, "key": "k"}')
        from pgconductor.leases l where '00000000-0000-7000-8000-0000000000d5' = any (l.ids);
        select pgconductor.return_executions('00000000-0000-7000-8000-0000000000b1', '{}', array[l.id], array[1], array['suspended'], array['{"open": ["e"]}'::jsonb])
        from pgconductor.leases l where '00000000-0000-7000-8000-0000000000d5' = any (l.ids);
        select pgconductor.emit_event('k', '{"n": 1}');
        select pgconductor.emit_events(array['j'], array['5'::jsonb]);
        select pgconductor.orchestrator_heartbeat('00000000-0000-7000-8000-0000000000b1', '1 hour', '{1}', false, '{}');
        do $$ begin assert (select count(*) from pgconductor.events) = 0 and (select count(*) from pgconductor.event_failures) = 1, 'two events are delivered, one of them to who cannot take it'; end $$;
        select pgconductor.report_event_failures();
        select pgconductor.maintain();
        select pgconductor.register_worker('00000000-0000-7000-8000-0000000000b1', 'default', '[{"key": "t", "keep_logs_seconds": 60}]');
        select pgconductor.append_execution_logs(array['00000000-0000-7000-8000-0000000000d1'::uuid], '{t}', '{1}', '{1}', array[now()], '{2}', '{c}', '{m}');
        select pgconductor.queue_depths('{default}'), pgconductor.maintenance_status();
        select pgconductor.held_horizon();
        select pgconductor.register_orchestrator('00000000-0000-7000-8000-0000000000b2', 'dead', '1', 1);
        select pgconductor.recover_stale_orchestrators('0');
        select pgconductor.register_orchestrator('00000000-0000-7000-8000-0000000000b3', 'leaves', '1', 1);
        select pgconductor.orchestrator_shutdown('00000000-0000-7000-8000-0000000000b3');
        insert into pgconductor.executions (task_key, payload) values ('t', '1');
        select pgconductor.get_executions('t', '00000000-0000-7000-8000-0000000000b4', 10);
        select pgconductor.orchestrator_shutdown('00000000-0000-7000-8000-0000000000b4');
        delete from pgconductor.payloads where false;
        select pgconductor.declare_schedules('shop', '[{"key": "s", "task_key": "t", "cron": "@daily"}]');
        select looked_at from pgconductor.due_schedules(10);
        select pgconductor.advance_schedules('{s}', '{1}', '{2030-01-01}', '{2030-01-02}', '{1}', '{2030-01-01}');
        select pgconductor.declare_schedules('shop', '[{"key": "s", "task_key": "t", "cron": "@daily", "overlap": false}]');
        select pgconductor.advance_schedules('{s}', '{3}', '{2030-01-02}', '{2030-01-03}', '{1}', '{2030-01-02}');
        select pgconductor.report_schedule_fault('s', 4, 'fault');
        select pgconductor.schedule('d', 't', '@daily'), pgconductor.unschedule('d');
        select pgconductor.register_orchestrator('00000000-0000-7000-8000-0000000000b5', 'limits', '1', 1);
        select pgconductor.register_worker('00000000-0000-7000-8000-0000000000b5', 'default', '[{"key": "l", "limits": {"key": "k", "concurrency_per_key": 1} }]');
        select pgconductor.invoke('l', '{"k": 1}') from generate_series(1, 3);
        do $$ begin
            for n in 1..9 loop
                perform pgconductor.claim_executions('00000000-0000-7000-8000-0000000000b5', 'default', 10);
                perform pgconductor.return_executions('00000000-0000-7000-8000-0000000000b5', array(select l.id from pgconductor.leases l where l.orchestrator_id = '00000000-0000-7000-8000-0000000000b5'));
            end loop;
            assert not exists (select from pgconductor.held_lanes h where h.task_key = 'l') and not exists (select from pgconductor.limits) and not exists (select from pgconductor.executions where task_key = 'l'), 'three of one key, one after the other';
        end $$;
        select pgconductor.orchestrator_heartbeat('00000000-0000-7000-8000-0000000000b5', '1 hour');
        select pgconductor.check_limits();
        select pgconductor.find_late_arrivals('00000000-0000-7000-8000-0000000000b5', 'default', '[]');
        """;

    public const string Reader = """
        select pgconductor.list_limits();
        select pgconductor.list_queues(), pgconductor.list_tasks(), pgconductor.list_orchestrators();
        select pgconductor.oldest_due();
        select pgconductor.server_settings();
        select pgconductor.get_execution_logs('00000000-0000-7000-8000-0000000000d1'), pgconductor.queue_depths('{default}'), pgconductor.maintenance_status();
        select pgconductor.list_executions();
        select pgconductor.count_executions();
        select pgconductor.get_execution(e.id) from pgconductor.all_executions e;
        select pgconductor.load_steps('00000000-0000-7000-8000-0000000000c1');
        select pgconductor.held_horizon();
        select pgconductor.list_subscriptions(), pgconductor.list_event_failures();
        select pgconductor.list_schedules();
        """;

    public const string OperatorSetup = """
        select pgconductor.register_orchestrator('00000000-0000-7000-8000-0000000000b1', 'w', '1', 1);
        select pgconductor.register_worker('00000000-0000-7000-8000-0000000000b1', 'default', '[{"key": "t"}]');
        select pgconductor.invoke('t', '1', p_id => '00000000-0000-7000-8000-0000000000c1');
        select pgconductor.claim_executions('00000000-0000-7000-8000-0000000000b1', 'default', 1);
        select pgconductor.invoke('t', '1', p_id => '00000000-0000-7000-8000-0000000000c2', p_dedupe_key => 'k');
        select pgconductor.invoke('t', '1', p_id => '00000000-0000-7000-8000-0000000000c3', p_priority => 9);
        select pgconductor.claim_executions('00000000-0000-7000-8000-0000000000b1', 'default', 1);
        select pgconductor.return_executions('00000000-0000-7000-8000-0000000000b1', '{}', array[l.id], array[1], array['suspended'],
            array['{"waits": [{"name": "c", "kind": "child", "child": {"id": "00000000-0000-7000-8000-0000000000c4", "task": "t", "payload": 5}}, {"name": "s", "kind": "sleep", "seconds": 5}]}'::jsonb])
        from pgconductor.leases l where '00000000-0000-7000-8000-0000000000c3' = any (l.ids);
        insert into pgconductor.tasks (key, limit_path, max_running_per_key) values ('limited', '{k}', 1);
        insert into pgconductor.held_lanes values ('limited', '=1', 'default', 'x', 0, 'infinity');
        """;

    public const string Operator = """
        select pgconductor.invoke('limited', '{"k": 1}');
        select pgconductor.cancel_execution('00000000-0000-7000-8000-0000000000c1');
        select pgconductor.cancel_execution('00000000-0000-7000-8000-0000000000c2');
        select pgconductor.cancel_execution('00000000-0000-7000-8000-0000000000c4');
        select pgconductor.cancel_execution('00000000-0000-7000-8000-0000000000c3');
        select pgconductor.retry_execution('00000000-0000-7000-8000-0000000000c3');
        select pgconductor.retry_execution('00000000-0000-7000-8000-0000000000c2');
        select pgconductor.pause_queue('default');
        select pgconductor.resume_queue('default');
        select pgconductor.create_queue('more');
        select pgconductor.set_windows('t', '{00:00-24:00}', 'Europe/Berlin'), pgconductor.set_windows('t', null);
        select pgconductor.signal_shutdown('00000000-0000-7000-8000-0000000000b1');
        select pgconductor.schedule('s', 't', '@daily', '"text"'), pgconductor.pause_schedule('s'), pgconductor.run_schedule('s'), pgconductor.resume_schedule('s');
        select pgconductor.schedule('s', 't', '@daily', '"text"', p_overlap => false), pgconductor.run_schedule('s');
        select pgconductor.unschedule('s');
        """;
}
