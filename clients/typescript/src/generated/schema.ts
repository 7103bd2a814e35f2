// Generated from docs/openapi.json: npm run generate.
export interface paths {
    "/": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What this server is, and where its APIs are described */
        get: operations["home.get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/actions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List actions, the latest first */
        get: operations["actions.list"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/actions/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Get an action and how far it has come */
        get: operations["actions.get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/actions/{id}/cancel": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** End an action where it stands; what it has done stays done */
        post: operations["actions.cancel"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/audiences": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List audience sources */
        get: operations["audiences.list"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/audiences/preview": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Count an audience */
        post: operations["audiences.preview"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/audiences/{name}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Get an audience source */
        get: operations["audiences.get"];
        /** Make or replace an audience source */
        put: operations["audiences.put"];
        post?: never;
        /** Delete an audience source */
        delete: operations["audiences.delete"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/audiences/{name}/shares": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List the workspaces with which an audience source is shared */
        get: operations["audiences.list_shares"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/audiences/{name}/shares/{workspace}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /** Share an audience source with another workspace (workspaces:admin) */
        put: operations["audiences.share"];
        post?: never;
        /** Share an audience source with a workspace no longer (workspaces:admin) */
        delete: operations["audiences.unshare"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/audit": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List the audit log, newest first (audit:read) */
        get: operations["audit.list"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/audit/erase": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Erase what the audit log says about a principal; the chain still verifies (keys:admin) */
        post: operations["audit.erase"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/audit/export": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The whole audit log as NDJSON, oldest first (audit:read) */
        get: operations["audit.export"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/directory/{kind}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List items */
        get: operations["directory.list"];
        /**
         * Enter or replace items (users, contacts, deals, tasks, pipelines, stages)
         * @description Answers 200 if everything is stored. Otherwise 400 lists the refused lines, and says what is stored.
         */
        put: operations["directory.put"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/directory/{kind}/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Get an item */
        get: operations["directory.get"];
        put?: never;
        post?: never;
        /** Delete an item */
        delete: operations["directory.delete"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/erasures": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List erasures, the latest first */
        get: operations["erasures.list"];
        put?: never;
        /** Erase a person from everything that the workspace holds (keys:admin) */
        post: operations["erasures.create"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/erasures/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Get an erasure and how far it has come */
        get: operations["erasures.get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List events; with Accept: text/event-stream all that come from now on (events:read)
         * @description A page of events; or all that come from now on, if the caller accepts a stream.
         */
        get: operations["events.list"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/events/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Get an event (events:read) */
        get: operations["events.get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/fires": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List the fires of a workspace
         * @description The fires of a workspace, the latest slot first.
         */
        get: operations["fires.list"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/fires/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Get a fire */
        get: operations["fires.get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/healthz": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Whether the server lives, with its versions */
        get: operations["health.alive"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/keys": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List keys */
        get: operations["keys.list"];
        put?: never;
        /** Make a key */
        post: operations["keys.create"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/keys/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Get a key */
        get: operations["keys.get"];
        put?: never;
        post?: never;
        /** Revoke a key */
        delete: operations["keys.revoke"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/keys/{id}/rotate": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Replace a key by a new one */
        post: operations["keys.rotate"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/ledger": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Account for the slots of a workspace, the latest first
         * @description What became of the slots of a workspace: fires of the clock, and spans of slots that did not fire.
         */
        get: operations["ledger.list"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/me": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Who the key belongs to, and what it may do */
        get: operations["me.get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/metrics": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Figures for Prometheus
         * @description The figures that show nothing of tenants, or with `workspace` those by lane.
         */
        get: operations["health.metrics"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/principals": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List principals */
        get: operations["principals.list"];
        put?: never;
        /** Make a principal */
        post: operations["principals.create"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/principals/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Get a principal */
        get: operations["principals.get"];
        put?: never;
        post?: never;
        /** Remove a principal and its keys */
        delete: operations["principals.delete"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/principals/{id}/grants": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List a principal's grants */
        get: operations["principals.list_grants"];
        put?: never;
        /** Grant targets to a principal */
        post: operations["principals.grant"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/principals/{id}/grants/{target}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Take a grant away */
        delete: operations["principals.ungrant"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/readyz": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Whether the server can work
         * @description A server is ready if it can commit, holds its lease, knows the time, and its database has the schema that it
         *     needs and no later entries than now. `detail` says what is wrong.
         */
        get: operations["health.ready"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/runs": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List runs
         * @description Runs, the latest slot first.
         */
        get: operations["runs.list"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/runs/actions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Cancel or retry all runs that match a filter */
        post: operations["runs.act"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/runs/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Get a run with its attempts */
        get: operations["runs.get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/runs/{id}/cancel": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** End an open run now */
        post: operations["runs.cancel"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/runs/{id}/complete": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** The target has done it */
        post: operations["runs.complete"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/runs/{id}/fail": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** The target could not do it */
        post: operations["runs.fail"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/runs/{id}/heartbeat": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** The target is still at it */
        post: operations["runs.heartbeat"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/runs/{id}/request": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What an attempt has sent to the target */
        get: operations["runs.request"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/runs/{id}/retry": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Run again what is over */
        post: operations["runs.retry"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/schedules": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List schedules */
        get: operations["schedules.list"];
        put?: never;
        /** Make a schedule */
        post: operations["schedules.create"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/schedules/actions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Pause, resume, delete, relabel, retarget or fire all schedules that match a filter
         * @description Paused schedules that are given another target give up the slots of the pause so far, which never fire.
         */
        post: operations["schedules.act"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/schedules/bulk": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Make many, or make and replace many by key (NDJSON, a line for each)
         * @description An upsert that changes what a paused schedule does gives up the slots of the pause so far.
         */
        post: operations["schedules.bulk"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/schedules/by-key/{key}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Get a schedule, by its key */
        get: operations["schedules.get_by_key"];
        /**
         * Make or replace by key
         * @description Create the schedule with a key of the caller's choice, or replace it if it exists. While it is paused, a
         *     change of what it does gives up the slots of the pause so far, which never fire.
         */
        put: operations["schedules.put_by_key"];
        post?: never;
        /** Delete a schedule; its ledger, explanations, fires and runs stay, by its key */
        delete: operations["schedules.delete_by_key"];
        options?: never;
        head?: never;
        /**
         * Change a schedule (merge patch), by its key
         * @description While it is paused, a change of what it does gives up the slots of the pause so far, which never fire.
         */
        patch: operations["schedules.update_by_key"];
        trace?: never;
    };
    "/schedules/by-key/{key}/backfill": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Fire past slots, by its key */
        post: operations["schedules.backfill_by_key"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/schedules/by-key/{key}/explain": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Why it fired, or did not, by its key */
        get: operations["schedules.explain_by_key"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/schedules/by-key/{key}/fire-now": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Fire once by hand, by its key */
        post: operations["schedules.fire_now_by_key"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/schedules/by-key/{key}/fires": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List a schedule's fires, by its key
         * @description The fires of a schedule, the latest slot first.
         */
        get: operations["schedules.list_fires_by_key"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/schedules/by-key/{key}/ledger": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Account for every slot, by its key
         * @description Every slot once, in order: fires of the clock, and spans of slots that did not fire.
         */
        get: operations["schedules.ledger_by_key"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/schedules/by-key/{key}/pause": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Stop its clock, for good or until an instant, by its key */
        post: operations["schedules.pause_by_key"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/schedules/by-key/{key}/preview": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What it will do next, by its key */
        get: operations["schedules.preview_by_key"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/schedules/by-key/{key}/resume": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Let its clock go on from now, by its key */
        post: operations["schedules.resume_by_key"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/schedules/by-key/{key}/versions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List the versions of its definition, the latest first, by its key
         * @description The versions of its definition, the latest first. Their cursor is the number of the last one shown.
         */
        get: operations["schedules.list_versions_by_key"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/schedules/by-key/{key}/versions/{number}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Get one version of its definition, by its key */
        get: operations["schedules.get_version_by_key"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/schedules/by-key/{key}/windows": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List the maintenance windows of the schedule, by its key */
        get: operations["schedules.list_windows_by_key"];
        put?: never;
        /** Stop the clock of the schedule again and again, for a time: a maintenance window that recurs, by its key */
        post: operations["schedules.make_window_by_key"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/schedules/by-key/{key}/windows/{window}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Take back a maintenance window of the schedule; if it holds, it ends now, by its key */
        delete: operations["schedules.take_back_window_by_key"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/schedules/preview": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Preview without saving */
        post: operations["schedules.preview_unsaved"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/schedules/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Get a schedule */
        get: operations["schedules.get"];
        /**
         * Replace a schedule
         * @description While it is paused, a change of what it does gives up the slots of the pause so far, which never fire.
         */
        put: operations["schedules.replace"];
        post?: never;
        /** Delete a schedule; its ledger, explanations, fires and runs stay */
        delete: operations["schedules.delete"];
        options?: never;
        head?: never;
        /**
         * Change a schedule (merge patch)
         * @description While it is paused, a change of what it does gives up the slots of the pause so far, which never fire.
         */
        patch: operations["schedules.update"];
        trace?: never;
    };
    "/schedules/{id}/backfill": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Fire past slots */
        post: operations["schedules.backfill"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/schedules/{id}/explain": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Why it fired, or did not */
        get: operations["schedules.explain"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/schedules/{id}/fire-now": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Fire once by hand */
        post: operations["schedules.fire_now"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/schedules/{id}/fires": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List a schedule's fires
         * @description The fires of a schedule, the latest slot first.
         */
        get: operations["schedules.list_fires"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/schedules/{id}/ledger": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Account for every slot
         * @description Every slot once, in order: fires of the clock, and spans of slots that did not fire.
         */
        get: operations["schedules.ledger"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/schedules/{id}/pause": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Stop its clock, for good or until an instant */
        post: operations["schedules.pause"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/schedules/{id}/preview": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What it will do next */
        get: operations["schedules.preview"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/schedules/{id}/resume": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Let its clock go on from now */
        post: operations["schedules.resume"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/schedules/{id}/versions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List the versions of its definition, the latest first
         * @description The versions of its definition, the latest first. Their cursor is the number of the last one shown.
         */
        get: operations["schedules.list_versions"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/schedules/{id}/versions/{number}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Get one version of its definition */
        get: operations["schedules.get_version"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/schedules/{id}/windows": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List the maintenance windows of the schedule */
        get: operations["schedules.list_windows"];
        put?: never;
        /** Stop the clock of the schedule again and again, for a time: a maintenance window that recurs */
        post: operations["schedules.make_window"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/schedules/{id}/windows/{window}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Take back a maintenance window of the schedule; if it holds, it ends now */
        delete: operations["schedules.take_back_window"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/secrets/rotate": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Encrypt all stored secrets with a new key (workspaces:admin) */
        post: operations["secrets.rotate"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/tables": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List embedded tables */
        get: operations["tables.list"];
        put?: never;
        /** Make an embedded table */
        post: operations["tables.create"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/tables/{database}/{table}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Describe an embedded table */
        get: operations["tables.get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/tables/{database}/{table}/rows": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Rows, in the order they were made */
        get: operations["tables.rows"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/targets": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List targets */
        get: operations["targets.list"];
        put?: never;
        /** Make a target */
        post: operations["targets.create"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/targets/by-key/{key}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Get a target by id, key or number, with how its runs stand (lane), by its key */
        get: operations["targets.get_by_key"];
        /** Make or replace a target by key */
        put: operations["targets.put_by_key"];
        post?: never;
        /** Delete a target, by its key */
        delete: operations["targets.delete_by_key"];
        options?: never;
        head?: never;
        /** Change a target (merge patch), by its key */
        patch: operations["targets.update_by_key"];
        trace?: never;
    };
    "/targets/by-key/{key}/disable": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Switch a target off, by its key */
        post: operations["targets.disable_by_key"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/targets/by-key/{key}/enable": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Switch a target on, by its key */
        post: operations["targets.enable_by_key"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/targets/by-key/{key}/rotate-secret": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Make a new signing secret, by its key */
        post: operations["targets.rotate_secret_by_key"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/targets/by-key/{key}/shares": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List the workspaces with which a target is shared, by its key */
        get: operations["targets.list_shares_by_key"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/targets/by-key/{key}/shares/{workspace}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /** Share a target with another workspace (workspaces:admin), by its key */
        put: operations["targets.share_by_key"];
        post?: never;
        /** Share a target with a workspace no longer (workspaces:admin), by its key */
        delete: operations["targets.unshare_by_key"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/targets/by-key/{key}/test": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Call a target once, and show what was sent and answered, by its key
         * @description Call the target once, and show what was sent and answered. It is no run.
         */
        post: operations["targets.test_by_key"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/targets/{ref}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Get a target by id, key or number, with how its runs stand (lane) */
        get: operations["targets.get"];
        /** Replace a target */
        put: operations["targets.replace"];
        post?: never;
        /** Delete a target */
        delete: operations["targets.delete"];
        options?: never;
        head?: never;
        /** Change a target (merge patch) */
        patch: operations["targets.update"];
        trace?: never;
    };
    "/targets/{ref}/disable": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Switch a target off */
        post: operations["targets.disable"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/targets/{ref}/enable": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Switch a target on */
        post: operations["targets.enable"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/targets/{ref}/rotate-secret": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Make a new signing secret */
        post: operations["targets.rotate_secret"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/targets/{ref}/shares": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List the workspaces with which a target is shared */
        get: operations["targets.list_shares"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/targets/{ref}/shares/{workspace}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /** Share a target with another workspace (workspaces:admin) */
        put: operations["targets.share"];
        post?: never;
        /** Share a target with a workspace no longer (workspaces:admin) */
        delete: operations["targets.unshare"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/targets/{ref}/test": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Call a target once, and show what was sent and answered
         * @description Call the target once, and show what was sent and answered. It is no run.
         */
        post: operations["targets.test"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/webhooks": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List webhooks (events:read) */
        get: operations["webhooks.list"];
        put?: never;
        /** Make a webhook (events:write) */
        post: operations["webhooks.create"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/webhooks/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Get a webhook (events:read) */
        get: operations["webhooks.get"];
        put?: never;
        post?: never;
        /** Delete a webhook (events:write) */
        delete: operations["webhooks.delete"];
        options?: never;
        head?: never;
        /** Change a webhook, or switch it on or off (events:write) */
        patch: operations["webhooks.update"];
        trace?: never;
    };
    "/webhooks/{id}/deliveries": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List what became of the events that were sent, the latest first (events:read) */
        get: operations["webhooks.deliveries"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/webhooks/{id}/replay": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Send events once more, from one on or from an instant on (events:write) */
        post: operations["webhooks.replay"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/webhooks/{id}/rotate-secret": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Give a webhook another signing secret (events:write) */
        post: operations["webhooks.rotate_secret"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/workspaces": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List workspaces */
        get: operations["workspaces.list"];
        put?: never;
        /** Make a workspace */
        post: operations["workspaces.create"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/workspaces/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Get a workspace (or `current`) */
        get: operations["workspaces.get"];
        put?: never;
        post?: never;
        /** Delete a workspace: at once nothing of it works, and later it is gone (workspaces:admin) */
        delete: operations["workspaces.delete"];
        options?: never;
        head?: never;
        /** Change a workspace */
        patch: operations["workspaces.update"];
        trace?: never;
    };
    "/workspaces/{id}/export": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Export everything that a workspace holds (NDJSON, a line for each thing; every scope that reads) */
        get: operations["workspaces.export"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/workspaces/{id}/pause": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Stop the clock of all its schedules, now or later, until it is resumed or until an instant */
        post: operations["workspaces.pause"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/workspaces/{id}/pauses": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List its pauses, those that began last first */
        get: operations["workspaces.list_pauses"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/workspaces/{id}/pauses/{pause}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Take back a pause that is planned and has not begun */
        delete: operations["workspaces.take_back_pause"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/workspaces/{id}/resume": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Let the clock of its schedules go on from now */
        post: operations["workspaces.resume"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/workspaces/{id}/undelete": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Have a deleted workspace back (workspaces:admin) */
        post: operations["workspaces.undelete"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/workspaces/{id}/windows": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List the maintenance windows of the workspace */
        get: operations["workspaces.list_windows"];
        put?: never;
        /** Stop the clock of the workspace again and again, for a time: a maintenance window that recurs */
        post: operations["workspaces.make_window"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/workspaces/{id}/windows/{window}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Take back a maintenance window of the workspace; if it holds, it ends now */
        delete: operations["workspaces.take_back_window"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        /** @description An action on many schedules or runs, and how far it has come. */
        Action: {
            /**
             * @description What is done.
             * @enum {string}
             */
            action: "pause" | "resume" | "delete" | "relabel" | "retarget" | "fire" | "cancel" | "retry";
            /**
             * @description Of these, those to which it was done.
             * @example 118
             */
            changed: number;
            /**
             * @description Schedules or runs that had their turn.
             * @example 120
             */
            done: number;
            /** @description Why the action as a whole has failed. */
            error: string | null;
            /**
             * Format: date-time
             * @description When it ended.
             * @example 2026-03-08T09:00:00.000Z
             */
            finished_at: string | null;
            /**
             * @description The id of the action.
             * @example act_01KJMMA2G0ET89C00HHC3ZY6K7
             */
            id: string;
            /**
             * @description To which things.
             * @enum {string}
             */
            of: "schedules" | "runs";
            /** @description The first refusals. */
            problems: {
                /** @description Why. */
                error: string;
                /** @description The id of the schedule or run. */
                id: string;
            }[];
            /**
             * @description Of these, those for which it was refused.
             * @example 1
             */
            refused: number;
            /**
             * @description Where it is.
             * @enum {string}
             */
            state: "running" | "done" | "cancelled" | "failed";
            /**
             * Format: date-time
             * @description When it was taken. What was made later is left alone.
             * @example 2026-03-08T09:00:00.000Z
             */
            taken_at: string;
            /**
             * @description The principal that took it.
             * @example prn_01KJMMA2G0ET89C00HHC3ZY6K7
             */
            taken_by: string;
            /**
             * @description Of these, those that were as wanted already.
             * @example 1
             */
            unchanged: number;
        };
        /** @description The action, or, with dry_run, what it would be done to. */
        ActionOrTrial: components["schemas"]["Action"] | components["schemas"]["Trial"];
        /** @description A page of actions. */
        ActionPage: {
            /** @description The items of this page. */
            items: components["schemas"]["Action"][];
            /** @description Send it as cursor for the next page; null: this is the last. */
            next_cursor: string | null;
        };
        /** @description One try of a run. */
        Attempt: {
            /**
             * @description How long it took, in seconds.
             * @example 0.25
             */
            duration: number;
            /** @description Why it failed. */
            error: string | null;
            /**
             * Format: date-time
             * @description When it ended.
             * @example 2026-03-08T09:00:00.000Z
             */
            finished_at: string;
            /**
             * @description From 1.
             * @example 1
             */
            number: number;
            /**
             * Format: date-time
             * @description When it began.
             * @example 2026-03-08T09:00:00.000Z
             */
            started_at: string;
            /**
             * @description The HTTP status of the answer.
             * @example 200
             */
            status: number | null;
        };
        AudienceBody: {
            /**
             * Audience
             * @example {
             *       "filter": {
             *         "has_email": true
             *       },
             *       "type": "contacts"
             *     }
             */
            audience: unknown;
            /**
             * Sample
             * @description how many rows are shown
             * @default 5
             */
            sample?: number;
        };
        /** @description How many rows an audience has now. */
        AudiencePreview: {
            /**
             * @description Rows that it has now; null where they cannot be read.
             * @example 42
             */
            count: number | null;
            /** @description Why the source cannot be read. */
            error?: string;
            /** @description Why a fire would fail on these rows. */
            fault: string | null;
            /** @description Whether there are more than were counted. */
            more: boolean;
            /** @description The first rows; with a schedule none where the key does not have directory:read. */
            sample: {
                /** @description What the source says of it. */
                data: unknown;
                /** @description Its key. */
                key: string;
            }[];
        };
        /** @description A source of audiences. */
        AudienceSource: {
            /** @description Its settings. Secrets are shown as ***. Of one that is shared from another workspace, none. */
            config: {
                [key: string]: unknown;
            };
            /**
             * Format: date-time
             * @description When it was made.
             * @example 2026-03-08T09:00:00.000Z
             */
            created_at: string;
            /** @description Why it cannot be read, where it is not shared any more. */
            disabled_reason: string | null;
            /**
             * @description Its id.
             * @example src_01KJMMA2G0ET89C00HHC3ZY6K7
             */
            id: string;
            /**
             * @description The name by which audiences use it.
             * @example people
             */
            name: string;
            /**
             * @description The source of another workspace that this one is; it is changed there.
             * @example src_01KJMMA2G0ET89C00HHC3ZY6K7
             */
            shared_from: string | null;
            /**
             * @description sql, http, or one from a plug-in.
             * @example sql
             */
            type: string;
            /**
             * Format: date-time
             * @description When it was changed last.
             * @example 2026-03-08T09:00:00.000Z
             */
            updated_at: string;
        };
        /** @description The sources of a workspace, all on one page. */
        AudienceSourceList: {
            /** @description The items of this page. */
            items: components["schemas"]["AudienceSource"][];
            /** @description Send it as cursor for the next page; null: this is the last. */
            next_cursor: string | null;
            total?: components["schemas"]["Total"];
        };
        /** @description What somebody has done. */
        AuditEntry: {
            /**
             * @description What was done.
             * @example schedule.created
             */
            action: string;
            /** @description The same as they became. */
            after: {
                [key: string]: unknown;
            } | null;
            /**
             * Format: date-time
             * @description When it was done.
             * @example 2026-03-08T09:00:00.000Z
             */
            at: string;
            /** @description The fields that were changed, as they were. */
            before: {
                [key: string]: unknown;
            } | null;
            /** @description Who did it. */
            by: {
                /** @description The address that the request came from. */
                address: string | null;
                /**
                 * @description The key.
                 * @example key_01KJMMA2G0ET89C00HHC3ZY6K7
                 */
                key: string | null;
                /**
                 * @description The principal; null: the server itself.
                 * @example prn_01KJMMA2G0ET89C00HHC3ZY6K7
                 */
                principal: string | null;
                /** @description The X-Request-Id. */
                request: string | null;
            };
            /**
             * @description The id of the entry.
             * @example aud_01KJMMA2G0ET89C00HHC3ZY6K7
             */
            id: string;
            /** @description To what: an id, or a name such as audience:people. */
            subject: string;
        } & {
            [key: string]: unknown;
        };
        /** @description An entry of the audit log on each line; with proof=true the chain with its hashes. */
        AuditLine: {
            [key: string]: unknown;
        };
        /** @description A page of the audit log. */
        AuditPage: {
            /** @description The items of this page. */
            items: components["schemas"]["AuditEntry"][];
            /** @description Send it as cursor for the next page; null: this is the last. */
            next_cursor: string | null;
            total?: components["schemas"]["Total"];
        };
        /** @description The fires of a backfill. */
        Backfill: {
            /** @description How many. */
            count: number;
            /** @description The fires, by slot. */
            items: components["schemas"]["Fire"][];
        };
        BackfillBody: {
            /**
             * Dry Run
             * @description true: nothing fires, and the answer says what would
             * @default null
             */
            dry_run?: boolean | null;
            /**
             * From
             * Format: date-time
             */
            from: string;
            /**
             * To
             * Format: date-time
             */
            to: string;
        };
        /** @description What a backfill would fire. */
        BackfillPlan: {
            /**
             * @description How many slots.
             * @example 24
             */
            count: number;
            /**
             * Format: date-time
             * @description The last of them.
             * @example 2026-03-08T09:00:00.000Z
             */
            last_slot_at: string | null;
            /** @description The first of them. */
            slots: string[];
        };
        /** @description The answer to one line of a bulk request. */
        BulkLine: {
            /** @description Why the line is refused; absent otherwise. */
            detail?: string;
            /** @description Every problem of a refused line; absent otherwise. */
            errors?: components["schemas"]["ProblemEntry"][];
            /**
             * @description The id of the schedule; absent where the line is refused.
             * @example sch_01KJMMA2G0ET89C00HHC3ZY6K7
             */
            id?: string;
            /** @description Its key; absent where the line is refused. */
            key?: string | null;
            /**
             * @description The number of the line, from 1.
             * @example 1
             */
            line: number;
            /**
             * Format: date-time
             * @description When it fires next; absent where the line is refused.
             * @example 2026-03-08T09:00:00.000Z
             */
            next_fire_at?: string | null;
            /**
             * @description What has become of it.
             * @enum {string}
             */
            result: "created" | "updated" | "unchanged" | "refused";
            /**
             * @description The status that the line would have alone.
             * @example 201
             */
            status: number;
        };
        CompleteBody: {
            /**
             * Output
             * @default null
             */
            output?: unknown;
            /**
             * Token
             * @default null
             */
            token?: string | null;
        };
        /** @description What became of an event that was sent. */
        Delivery: {
            /**
             * @description How often it was sent.
             * @example 1
             */
            attempts: number;
            /** @description Why it did not arrive. */
            error: string | null;
            /**
             * @description The event.
             * @example evt_01KJMMA2G0ET89C00HHC3ZY6K7
             */
            event: string;
            /**
             * Format: date-time
             * @description When it was first sent; where it has not been sent yet, when it first had to wait.
             * @example 2026-03-08T09:00:00.000Z
             */
            first_at: string;
            /**
             * Format: date-time
             * @description When it was sent last.
             * @example 2026-03-08T09:00:00.000Z
             */
            last_at: string | null;
            /**
             * Format: date-time
             * @description When it is sent again.
             * @example 2026-03-08T09:00:00.000Z
             */
            next_attempt_at: string | null;
            /**
             * @description What became of it.
             * @enum {string}
             */
            state: "delivered" | "waiting" | "failed" | "replayed";
            /**
             * @description The HTTP status of the last answer.
             * @example 200
             */
            status: number | null;
            /**
             * @description Its type.
             * @enum {string}
             */
            type: "fire.completed" | "fire.partial" | "fire.failed" | "fire.cancelled" | "fire.skipped" | "fire.missed" | "fire.late" | "schedule.paused" | "schedule.ending" | "schedule.ended" | "target.disabled" | "target.failing" | "target.recovered" | "audience.failed" | "quota.near" | "webhook.disabled";
        };
        /** @description A page of deliveries. */
        DeliveryPage: {
            /** @description The items of this page. */
            items: components["schemas"]["Delivery"][];
            /** @description Send it as cursor for the next page; null: this is the last. */
            next_cursor: string | null;
        };
        /** @description An item of the directory: whatever its maker has entered. */
        DirectoryItem: {
            /**
             * @description Its id.
             * @example u1
             */
            id: string;
        } & {
            [key: string]: unknown;
        };
        /** @description A page of items. */
        DirectoryPage: {
            /** @description The items of this page. */
            items: components["schemas"]["DirectoryItem"][];
            /** @description Send it as cursor for the next page; null: this is the last. */
            next_cursor: string | null;
        };
        /** @description What was erased. */
        Erased: {
            /** @description Entries that were erased. */
            erased: number;
        };
        /** @description The erasure of a person. Whom it erases is not kept. */
        Erasure: {
            /**
             * @description Who asked for it.
             * @example prn_01KJMMA2G0ET89C00HHC3ZY6K7
             */
            by: string;
            /** @description How many rows were changed, by place. */
            counts: {
                [key: string]: number;
            };
            /**
             * Format: date-time
             * @description When it was asked for.
             * @example 2026-03-08T09:00:00.000Z
             */
            created_at: string;
            /**
             * Format: date-time
             * @description When it was done.
             * @example 2026-03-08T09:00:00.000Z
             */
            finished_at: string | null;
            /**
             * @description SHA-256 of the salt and the person, in hexadecimal: it tells who was erased to who knows.
             * @example 9a1e
             */
            hash: string;
            /**
             * @description The id of the erasure.
             * @example ers_01KJMMA2G0ET89C00HHC3ZY6K7
             */
            id: string;
            /**
             * @description Where it is; once it is done, where it was last.
             * @enum {string}
             */
            place: "spool" | "own_runs" | "directory" | "users" | "contacts" | "deals" | "tasks" | "pipelines" | "stages" | "actions" | "schedules" | "versions" | "runs" | "fires" | "targets" | "principals" | "keys" | "answers" | "events" | "deliveries" | "audit" | "under_way";
            /**
             * @description Random bytes in hexadecimal.
             * @example 5f0c
             */
            salt: string;
            /**
             * @description Once it is done, nothing of the person can be read any more. While it is waiting, all that is stored has been looked at, and runs that were under way may still bring the person back: they are looked at when they are over.
             * @enum {string}
             */
            state: "running" | "waiting" | "done";
            /**
             * @description For how many runs, and audiences that are being read, it waits.
             * @example 0
             */
            waits_for: number;
        };
        ErasureBody: {
            /**
             * Principal
             * @description id of a principal, which may have been deleted
             */
            principal: string;
        };
        /** @description A page of erasures. */
        ErasurePage: {
            /** @description The items of this page. */
            items: components["schemas"]["Erasure"][];
            /** @description Send it as cursor for the next page; null: this is the last. */
            next_cursor: string | null;
        };
        /** @description Something that has happened. */
        Event: {
            /**
             * Format: date-time
             * @description When it happened.
             * @example 2026-03-08T09:00:00.000Z
             */
            at: string;
            /** @description What else is to be said, by type; docs/events.md has the members. */
            details: {
                [key: string]: unknown;
            };
            /** @description The fire. */
            fire: {
                /** @description Of these, those that were cancelled. */
                cancelled?: number;
                /**
                 * Format: date-time
                 * @description When it was due: the slot plus the jitter.
                 * @example 2026-03-08T09:00:00.000Z
                 */
                due_at?: string;
                /** @description Why it failed, of a fire with one run or without an audience. */
                error?: string | null;
                /** @description Of these, those that failed. */
                failed?: number;
                /**
                 * Format: date-time
                 * @description When it ended.
                 * @example 2026-03-08T09:00:00.000Z
                 */
                finished_at?: string | null;
                /**
                 * Format: date-time
                 * @description When the server acted.
                 * @example 2026-03-08T09:00:00.000Z
                 */
                fired_at?: string;
                /**
                 * @description Its id.
                 * @example fire_01KJMMA2G0ET89C00HHC3ZY6K7
                 */
                id: string;
                /**
                 * @description Who asked for it.
                 * @enum {string}
                 */
                kind?: "clock" | "manual" | "backfill";
                /** @description Its runs. */
                runs?: number;
                /**
                 * Format: date-time
                 * @description Its slot.
                 * @example 2026-03-08T09:00:00.000Z
                 */
                slot?: string;
                /**
                 * @description Where it is.
                 * @enum {string}
                 */
                state?: "waiting" | "resolving" | "running" | "completed" | "partial" | "failed" | "cancelled";
                /** @description Of these, those that succeeded. */
                succeeded?: number;
            } | null;
            /**
             * @description The id of the event, the same however often it is sent.
             * @example evt_01KJMMA2G0ET89C00HHC3ZY6K7
             */
            id: string;
            /** @description The schedule, as it was when the event was told. */
            schedule: {
                /**
                 * @description Its id.
                 * @example sch_01KJMMA2G0ET89C00HHC3ZY6K7
                 */
                id: string;
                /** @description Its key. */
                key: string | null;
                /** @description Labels that its maker chose, by name. */
                labels: {
                    [key: string]: string;
                };
                /** @description Its name. */
                name: string | null;
            } | null;
            /** @description The target. */
            target: {
                /**
                 * @description Its id.
                 * @example tgt_01KJMMA2G0ET89C00HHC3ZY6K7
                 */
                id: string;
                /** @description Its key. */
                key: string | null;
                /** @description Its name. */
                name: string | null;
            } | null;
            /**
             * @description What has happened. `schedule.ending` is told after a slot of the schedule was decided, if one is left then.
             * @enum {string}
             */
            type: "fire.completed" | "fire.partial" | "fire.failed" | "fire.cancelled" | "fire.skipped" | "fire.missed" | "fire.late" | "schedule.paused" | "schedule.ending" | "schedule.ended" | "target.disabled" | "target.failing" | "target.recovered" | "audience.failed" | "quota.near" | "webhook.disabled";
            /**
             * @description The workspace.
             * @example ws_01KJMMA2G0ET89C00HHC3ZY6K7
             */
            workspace: string;
        };
        /** @description For each event a message: its id, its type as `event`, and the event itself as `data`. A message with an id alone tells the position while none came. */
        EventMessage: string;
        /** @description A page of events. */
        EventPage: {
            /** @description The items of this page. */
            items: components["schemas"]["Event"][];
            /** @description Send it as cursor for the next page; null: this is the last. */
            next_cursor: string | null;
            total?: components["schemas"]["Total"];
        };
        /** @description Why an instant fired, or did not. */
        Explanation: {
            /**
             * Format: date-time
             * @description The instant.
             * @example 2026-03-08T09:00:00.000Z
             */
            at: string;
            audience?: components["schemas"]["AudiencePreview"];
            fire: components["schemas"]["Fire"] | null;
            /** @description The recurrence that was in force. */
            in_words: string;
            /**
             * @description The same in the schedule's time zone.
             * @example 2026-03-08T10:00:00+01:00
             */
            local: string;
            /**
             * Format: date-time
             * @description The slot after.
             * @example 2026-03-08T09:00:00.000Z
             */
            next_slot_at: string | null;
            pause: components["schemas"]["Pause"] | null;
            /**
             * Format: date-time
             * @description The slot before.
             * @example 2026-03-08T09:00:00.000Z
             */
            previous_slot_at: string | null;
            /** @description The version of the definition that was in force. */
            schedule_version: number | null;
            /** @description The answer for people. */
            sentence: string;
            span: components["schemas"]["Span"] | null;
            /**
             * @description The answer for programs.
             * @enum {string}
             */
            verdict: "fired" | "waiting" | "skipped" | "missed" | "paused" | "cancelled" | "due" | "upcoming" | "no_slot" | "before_creation" | "ended" | "workspace_paused" | "maintenance";
        };
        /** @description A thing on each line: its kind as `type`, what the API shows of it as `value`. */
        ExportLine: {
            [key: string]: unknown;
        };
        FailBody: {
            /**
             * Error
             * @default null
             */
            error?: string | null;
            /**
             * Output
             * @default null
             */
            output?: unknown;
            /**
             * Token
             * @default null
             */
            token?: string | null;
        };
        /** @description What was started for a slot, by hand, or by a backfill. */
        Fire: {
            /** @description Rows of its audience. */
            audience_size: number | null;
            /** @description Runs that were cancelled. */
            cancelled: number;
            /**
             * Format: date-time
             * @description The slot plus the schedule's jitter.
             * @example 2026-03-08T09:00:00.000Z
             */
            due_at: string;
            /** @description Why it failed: its audience could not be read, or its only run failed without one. With an audience each run has its own error. */
            error: string | null;
            /** @description Runs that failed. */
            failed: number;
            /**
             * Format: date-time
             * @description When it ended.
             * @example 2026-03-08T09:00:00.000Z
             */
            finished_at: string | null;
            /**
             * Format: date-time
             * @description When it began.
             * @example 2026-03-08T09:00:00.000Z
             */
            fired_at: string;
            /**
             * @description The id of the fire.
             * @example fire_01KJMMA2G0ET89C00HHC3ZY6K7
             */
            id: string;
            /**
             * @description Who began it.
             * @enum {string}
             */
            kind: "clock" | "manual" | "backfill";
            missed: components["schemas"]["Missed"] | null;
            /**
             * @description Runs that were made.
             * @example 1
             */
            runs: number;
            /**
             * @description The id of its schedule.
             * @example sch_01KJMMA2G0ET89C00HHC3ZY6K7
             */
            schedule: string;
            /**
             * @description The version of the definition by which it fired.
             * @example 1
             */
            schedule_version: number;
            /**
             * Format: date-time
             * @description Its slot.
             * @example 2026-03-08T09:00:00.000Z
             */
            slot_at: string;
            /**
             * @description How it stands.
             * @enum {string}
             */
            state: "waiting" | "resolving" | "running" | "completed" | "partial" | "failed" | "cancelled";
            /**
             * @description Runs that succeeded.
             * @example 1
             */
            succeeded: number;
        };
        /** @description A slot that fired. */
        FireEntry: {
            /** @description Rows of its audience. */
            audience_size: number | null;
            /** @description Runs that were cancelled. */
            cancelled: number;
            /**
             * Format: date-time
             * @description The slot plus the schedule's jitter.
             * @example 2026-03-08T09:00:00.000Z
             */
            due_at: string;
            /**
             * @description Which kind of entry it is. (enum property replaced by openapi-typescript)
             * @enum {string}
             */
            entry: "fire";
            /** @description Why it failed: its audience could not be read, or its only run failed without one. With an audience each run has its own error. */
            error: string | null;
            /** @description Runs that failed. */
            failed: number;
            /**
             * Format: date-time
             * @description When it ended.
             * @example 2026-03-08T09:00:00.000Z
             */
            finished_at: string | null;
            /**
             * Format: date-time
             * @description When it began.
             * @example 2026-03-08T09:00:00.000Z
             */
            fired_at: string;
            /**
             * @description The id of the fire.
             * @example fire_01KJMMA2G0ET89C00HHC3ZY6K7
             */
            id: string;
            /**
             * @description Who began it.
             * @enum {string}
             */
            kind: "clock" | "manual" | "backfill";
            missed: components["schemas"]["Missed"] | null;
            /**
             * @description Runs that were made.
             * @example 1
             */
            runs: number;
            /**
             * @description The id of its schedule.
             * @example sch_01KJMMA2G0ET89C00HHC3ZY6K7
             */
            schedule: string;
            /**
             * @description The version of the definition by which it fired.
             * @example 1
             */
            schedule_version: number;
            /**
             * Format: date-time
             * @description Its slot.
             * @example 2026-03-08T09:00:00.000Z
             */
            slot_at: string;
            /**
             * @description How it stands.
             * @enum {string}
             */
            state: "waiting" | "resolving" | "running" | "completed" | "partial" | "failed" | "cancelled";
            /**
             * @description Runs that succeeded.
             * @example 1
             */
            succeeded: number;
        };
        /** @description A page of fires. */
        FirePage: {
            /** @description The items of this page. */
            items: components["schemas"]["Fire"][];
            /** @description Send it as cursor for the next page; null: this is the last. */
            next_cursor: string | null;
            total?: components["schemas"]["Total"];
        };
        /** @description The targets that a principal may schedule. */
        Grants: {
            /** @description There are further grants: GET /principals/{id}/grants goes on with it as cursor; null: these are all. */
            next_cursor: string | null;
            /** @description Ids of targets; * stands for all. */
            targets: string[];
        };
        GrantsBody: {
            /**
             * Targets
             * @description ids, keys or numbers; "*" for all of them
             */
            targets: (string | number)[];
        };
        /** @description The server lives. */
        Health: {
            /**
             * @description Always ok.
             * @enum {string}
             */
            status: "ok";
            /** @description Its zone data. */
            tzdata: string;
            /** @description Its version. */
            version: string;
        };
        /** @description What this server is. */
        Home: {
            /**
             * @description Where this API is.
             * @example /horarium/v1
             */
            api: string;
            /**
             * @description The page for people.
             * @example /horarium/v1/docs
             */
            docs: string;
            /**
             * @description Where its health is told.
             * @example /healthz
             */
            health: string;
            /**
             * @description Its name.
             * @example Horarium
             */
            name: string;
            /**
             * @description The description for programs.
             * @example /horarium/v1/openapi.json
             */
            openapi: string;
            /** @description The other APIs, by name. */
            other_apis: {
                [key: string]: {
                    /**
                     * @description The page for people.
                     * @example /horarium/v1/docs
                     */
                    docs: string;
                    /**
                     * @description The description for programs.
                     * @example /horarium/v1/openapi.json
                     */
                    openapi: string;
                };
            };
            /**
             * @description Its version.
             * @example 0.1.0
             */
            version: string;
        };
        /** @description An import of which lines were refused. */
        ImportProblem: {
            /**
             * @description What happened, in a sentence.
             * @example name: is required
             */
            detail: string;
            /** @description Whether the rest was not read. */
            ended_early: boolean;
            /** @description The refused lines. */
            errors: {
                /**
                 * @description A word for programs.
                 * @example required
                 */
                code: string;
                /**
                 * @description The field or parameter, as a dotted path; empty where it is the whole.
                 * @example policies.retry.max_attempts
                 */
                field: string;
                /** @description Its number, from 1. */
                line: number;
                /**
                 * @description What is wrong, and what would be right.
                 * @example is required
                 */
                message: string;
            }[];
            /** @description Lines that were not stored because another line of their chunk was refused. */
            not_stored: {
                /** @description The first. */
                first_line: number;
                /** @description The last. */
                last_line: number;
            }[];
            /**
             * @description The HTTP status.
             * @example 400
             */
            status: number;
            /** @description Items that were stored. */
            stored: number;
            /**
             * @description The kind of error in words.
             * @example The request cannot be accepted
             */
            title: string;
            /**
             * @description A name for the kind of error.
             * @example urn:horarium:problem:invalid
             */
            type: string;
        };
        /** @description What an import has done. */
        Imported: {
            /** @description Items that were stored. */
            stored: number;
        };
        /** @description An API key. */
        Key: {
            /**
             * Format: date-time
             * @description When it was made.
             * @example 2026-03-08T09:00:00.000Z
             */
            created_at: string;
            /**
             * Format: date-time
             * @description When it ends.
             * @example 2026-03-08T09:00:00.000Z
             */
            expires_at: string | null;
            /**
             * @description How the key begins.
             * @example hor_abcd
             */
            hint: string;
            /**
             * @description The id of the key.
             * @example key_01KJMMA2G0ET89C00HHC3ZY6K7
             */
            id: string;
            /** @description The labels that it is restricted to; empty: all. */
            labels: {
                [key: string]: string;
            };
            /**
             * Format: date-time
             * @description When it was used last, to some minutes.
             * @example 2026-03-08T09:00:00.000Z
             */
            last_used_at: string | null;
            /**
             * @description The name for people.
             * @example Reports
             */
            name: string;
            /** @description The networks that it is accepted from; empty: all. */
            networks: string[];
            /**
             * @description The id of the principal that it belongs to.
             * @example prn_01KJMMA2G0ET89C00HHC3ZY6K7
             */
            principal: string;
            /**
             * Format: date-time
             * @description When it was revoked.
             * @example 2026-03-08T09:00:00.000Z
             */
            revoked_at: string | null;
            /** @description What it may do. */
            scopes: string[];
            /** @description The targets that it is restricted to; empty: all. */
            targets: string[];
        };
        KeyBody: {
            /**
             * Expires At
             * @default null
             */
            expires_at?: string | null;
            /**
             * Labels
             * @description the key changes, starts and stops only schedules that carry all of these labels
             * @default null
             */
            labels?: {
                [key: string]: string;
            } | null;
            /** Name */
            name: string;
            /**
             * Networks
             * @description such as 10.1.0.0/16: the key is accepted only from these
             * @default null
             */
            networks?: string[] | null;
            /**
             * Principal
             * @description id of a principal; the caller's own where it is left out
             * @default null
             */
            principal?: string | null;
            /** Scopes */
            scopes: string[];
            /**
             * Targets
             * @description ids, keys or numbers: the key changes, starts and stops only schedules and runs of these targets
             * @default null
             */
            targets?: (string | number)[] | null;
        };
        /** @description A page of keys. */
        KeyPage: {
            /** @description The items of this page. */
            items: components["schemas"]["Key"][];
            /** @description Send it as cursor for the next page; null: this is the last. */
            next_cursor: string | null;
        };
        /** @description How the runs of a target stand that are not over. */
        Lane: {
            /** @description How many may be under way now, by how the target has behaved. */
            limit: number | null;
            /**
             * Format: date-time
             * @description Since when the oldest of them waits.
             * @example 2026-03-08T09:00:00.000Z
             */
            oldest_since: string | null;
            /**
             * @description The median duration of its attempts, in seconds
             * @example 0.2
             */
            p50: number | null;
            /**
             * @description The duration that 99 of 100 attempts stay below, in seconds
             * @example 1.5
             */
            p99: number | null;
            /**
             * @description Calls that wait for an answer without a place in a worker.
             * @example 0
             */
            parked: number;
            /** @description What holds its runs back. */
            throttled: {
                /** @description The cause in words. */
                in_words: string;
                /**
                 * Format: date-time
                 * @description Since when.
                 * @example 2026-03-08T09:00:00.000Z
                 */
                since: string | null;
                /**
                 * @description The cause.
                 * @enum {string}
                 */
                why: "place" | "limit" | "pause" | "circuit" | "concurrency" | "rate" | "database" | "retry";
            } | null;
            /**
             * @description Attempts that are under way.
             * @example 1
             */
            under_way: number;
            /**
             * @description Runs that have not begun.
             * @example 0
             */
            waiting: number;
        };
        /** @description Every slot of a schedule once. */
        Ledger: {
            /**
             * Format: date-time
             * @description Up to here every slot has its entry.
             * @example 2026-03-08T09:00:00.000Z
             */
            accounted_to: string | null;
            /** @description The entries, by slot. */
            items: (components["schemas"]["FireEntry"] | components["schemas"]["SpanEntry"])[];
            /**
             * Format: date-time
             * @description Send it as from for what follows; null: this is the end.
             * @example 2026-03-08T09:00:00.000Z
             */
            next_from: string | null;
        };
        /** @description A page of the entries of a workspace. */
        LedgerPage: {
            /** @description The entries, the latest slot first. */
            items: (components["schemas"]["FireEntry"] | components["schemas"]["SpanEntry"])[];
            /** @description Send it as cursor for the next page; null: this is the last. */
            next_cursor: string | null;
        };
        /** @description A schedule as lists show it. */
        ListedSchedule: {
            /** @description Who it fires for, where it has an audience. */
            audience: {
                [key: string]: unknown;
            } | null;
            /** @description Its fires so far, without those by hand and of backfills. */
            counts: {
                /** @description Of these, those that failed. */
                failed: number;
                /** @description Failures since the last success. */
                failures_in_row: number;
                /**
                 * @description Fires of the clock so far.
                 * @example 12
                 */
                fires: number;
                /** @description Fires that have not ended. */
                open: number;
                /** @description Slots that did not fire because of the overlap policy. */
                skipped: number;
                /** @description Of these, those that succeeded. */
                succeeded: number;
                /** @description Fires that wait for earlier ones. With the policy skip one at most. */
                waiting: number;
            };
            /**
             * Format: date-time
             * @description When it was made.
             * @example 2026-03-08T09:00:00.000Z
             */
            created_at: string;
            /**
             * @description The id of the principal that made it.
             * @example prn_01KJMMA2G0ET89C00HHC3ZY6K7
             */
            created_by: string;
            /** @description What it is for. */
            description: string | null;
            /**
             * @description The API by which it was made; native is this one.
             * @example native
             */
            dialect: string;
            /** @description The id by which the clients of its own API know it; null for native ones. */
            dialect_id: string | null;
            /**
             * Format: date-time
             * @description The last instant at which it may fire.
             * @example 2026-03-08T09:00:00.000Z
             */
            end_at: string | null;
            /**
             * Format: date-time
             * @description When it was completed.
             * @example 2026-03-08T09:00:00.000Z
             */
            ended_at: string | null;
            /**
             * @description Why it was completed.
             * @example exhausted
             */
            ended_reason: string | null;
            /**
             * @description The id of the schedule.
             * @example sch_01KJMMA2G0ET89C00HHC3ZY6K7
             */
            id: string;
            /** @description What the target is given. Any JSON value. */
            input: unknown;
            /**
             * @description The key that its maker chose.
             * @example customer-7/digest
             */
            key: string | null;
            /** @description Labels that its maker chose, by name. */
            labels: {
                [key: string]: string;
            };
            /**
             * @description The id of its last fire by the clock.
             * @example fire_01KJMMA2G0ET89C00HHC3ZY6K7
             */
            last_fire: string | null;
            /**
             * Format: date-time
             * @description When it fired last by the clock.
             * @example 2026-03-08T09:00:00.000Z
             */
            last_fire_at: string | null;
            /** @description Why it was skipped. */
            last_skip_reason: string | null;
            /**
             * Format: date-time
             * @description The last slot that was skipped.
             * @example 2026-03-08T09:00:00.000Z
             */
            last_skipped_at: string | null;
            /**
             * Format: date-time
             * @description The last slot that fired.
             * @example 2026-03-08T09:00:00.000Z
             */
            last_slot_at: string | null;
            /**
             * @description How its last fire by the clock ended, or stands.
             * @example completed
             */
            last_state: string | null;
            /**
             * @description The name for people.
             * @example Digest
             */
            name: string;
            /**
             * Format: date-time
             * @description When it fires next: at the first slot that no pause or maintenance window holds back, plus its jitter. Lists are sorted and filtered by the next slot, held back or not.
             * @example 2026-03-08T09:00:00.000Z
             */
            next_fire_at: string | null;
            /**
             * Format: date-time
             * @description The next slot.
             * @example 2026-03-08T09:00:00.000Z
             */
            next_slot_at: string | null;
            /** @description Why it is paused. */
            note: string | null;
            /**
             * Format: date-time
             * @description When it resumes by itself.
             * @example 2026-03-08T09:00:00.000Z
             */
            paused_until: string | null;
            policies: components["schemas"]["Policies"];
            recurrence: components["schemas"]["Recurrence"];
            /**
             * Format: date-time
             * @description The first instant at which it may fire.
             * @example 2026-03-08T09:00:00.000Z
             */
            start_at: string | null;
            /**
             * @description Whether it fires.
             * @enum {string}
             */
            state: "active" | "paused" | "completed" | "archived";
            /**
             * @description The id of the target that it runs.
             * @example tgt_01KJMMA2G0ET89C00HHC3ZY6K7
             */
            target: string;
            /**
             * @description An IANA time zone.
             * @example Europe/Paris
             */
            timezone: string;
            /**
             * Format: date-time
             * @description When it was changed last.
             * @example 2026-03-08T09:00:00.000Z
             */
            updated_at: string;
            /**
             * @description Counts the changes; send it back to change only what you have seen.
             * @example 3
             */
            version: number;
        };
        /** @description A version of a schedule's definition as lists show it. */
        ListedVersion: {
            /**
             * Format: date-time
             * @description From when on it ruled.
             * @example 2026-03-08T09:00:00.000Z
             */
            from: string;
            recurrence: components["schemas"]["Recurrence"];
            /**
             * @description An IANA time zone.
             * @example Europe/Paris
             */
            timezone: string;
            /**
             * @description Its number; entries of the ledger name it as schedule_version.
             * @example 1
             */
            version: number;
        };
        /** @description Who the key belongs to. */
        Me: {
            /** @description The key. */
            key: {
                /**
                 * @description The id of the key.
                 * @example key_01KJMMA2G0ET89C00HHC3ZY6K7
                 */
                id: string;
                /** @description What it may do. */
                scopes: string[];
            };
            /** @description There are further grants: GET /principals/{id}/grants goes on with it as cursor; null: these are all. */
            next_cursor: string | null;
            principal: components["schemas"]["Principal"];
            /** @description Ids of targets; * stands for all. */
            targets: string[];
            workspace: components["schemas"]["Workspace"];
        };
        /** @description Figures in the text format of Prometheus. */
        Metrics: string;
        /** @description The missed slots that a fire stands for. */
        Missed: {
            /**
             * @description How many.
             * @example 3
             */
            count: number;
            /**
             * Format: date-time
             * @description The first.
             * @example 2026-03-08T09:00:00.000Z
             */
            first_at: string;
            /**
             * Format: date-time
             * @description The last.
             * @example 2026-03-08T09:00:00.000Z
             */
            last_at: string;
        };
        /** @description A new key with its text. */
        NewKey: {
            /**
             * Format: date-time
             * @description When it was made.
             * @example 2026-03-08T09:00:00.000Z
             */
            created_at: string;
            /**
             * Format: date-time
             * @description When it ends.
             * @example 2026-03-08T09:00:00.000Z
             */
            expires_at: string | null;
            /**
             * @description How the key begins.
             * @example hor_abcd
             */
            hint: string;
            /**
             * @description The id of the key.
             * @example key_01KJMMA2G0ET89C00HHC3ZY6K7
             */
            id: string;
            /** @description The key itself. It is shown only this once. */
            key: string;
            /** @description The labels that it is restricted to; empty: all. */
            labels: {
                [key: string]: string;
            };
            /**
             * Format: date-time
             * @description When it was used last, to some minutes.
             * @example 2026-03-08T09:00:00.000Z
             */
            last_used_at: string | null;
            /**
             * @description The name for people.
             * @example Reports
             */
            name: string;
            /** @description The networks that it is accepted from; empty: all. */
            networks: string[];
            /**
             * @description The id of the principal that it belongs to.
             * @example prn_01KJMMA2G0ET89C00HHC3ZY6K7
             */
            principal: string;
            /**
             * Format: date-time
             * @description When it was revoked.
             * @example 2026-03-08T09:00:00.000Z
             */
            revoked_at: string | null;
            /** @description What it may do. */
            scopes: string[];
            /** @description The targets that it is restricted to; empty: all. */
            targets: string[];
        };
        /** @description A target, with the secret that was made for it. */
        NewTarget: {
            /**
             * @description Whether the answer ends a run, or a later callback.
             * @enum {string}
             */
            completion: "response" | "callback" | "watch";
            /**
             * Format: date-time
             * @description When it was made.
             * @example 2026-03-08T09:00:00.000Z
             */
            created_at: string;
            /**
             * @description The id of the principal that made it.
             * @example prn_01KJMMA2G0ET89C00HHC3ZY6K7
             */
            created_by: string;
            /**
             * @description How long a run may wait for its callback, in seconds
             * @example 86400
             */
            deadline: number;
            /** @description What it does. */
            description: string | null;
            /** @description Why it is off. */
            disabled_reason: string | null;
            /** @description Whether its runs are executed. */
            enabled: boolean;
            /** @description How it is run: its type, and the settings of that type. Secrets are shown as ***. */
            executor: {
                /**
                 * @description The type of the executor.
                 * @example http
                 */
                type: string;
            } & {
                [key: string]: unknown;
            };
            /** @description What callers keep with it. */
            extra: {
                [key: string]: unknown;
            };
            /**
             * @description The id of the target.
             * @example tgt_01KJMMA2G0ET89C00HHC3ZY6K7
             */
            id: string;
            /** @description A JSON Schema that inputs must satisfy. */
            input_schema: {
                [key: string]: unknown;
            } | null;
            /**
             * @description The key that its maker chose.
             * @example report
             */
            key: string | null;
            /**
             * @description What it is.
             * @enum {string}
             */
            kind: "automation" | "workflow" | "function" | "agent" | "tool" | "table";
            /**
             * @description Runs that may be under way at once.
             * @example 10
             */
            max_concurrency: number | null;
            /**
             * @description The name for people.
             * @example Report
             */
            name: string;
            /**
             * @description A number that is unique on the server.
             * @example 12
             */
            number: number;
            /**
             * @description Attempts that may begin in a second.
             * @example 5
             */
            rate_per_second: number | null;
            /**
             * @description The target of another workspace that this one is; it is changed there.
             * @example tgt_01KJMMA2G0ET89C00HHC3ZY6K7
             */
            shared_from: string | null;
            /** @description The secret that verifies requests. It is shown only this once. */
            signing_secret?: string;
            /**
             * @description How long one attempt may take, in seconds
             * @example 30
             */
            timeout: number;
            /**
             * Format: date-time
             * @description When it was changed last.
             * @example 2026-03-08T09:00:00.000Z
             */
            updated_at: string;
            /** @description The public key that verifies requests, where they are signed by Ed25519. */
            verification_key?: string;
            /**
             * @description Counts the changes; send it back to change only what you have seen.
             * @example 3
             */
            version: number;
        };
        /** @description A webhook, with the secret that was made for it. */
        NewWebhook: {
            /**
             * Format: date-time
             * @description When it was made.
             * @example 2026-03-08T09:00:00.000Z
             */
            created_at: string;
            /** @description Why none are sent. */
            disabled_reason: string | null;
            /** @description Whether events are sent. */
            enabled: boolean;
            /**
             * Format: date-time
             * @description Since when nothing that was sent has arrived.
             * @example 2026-03-08T09:00:00.000Z
             */
            failing_since: string | null;
            /**
             * @description The id of the webhook.
             * @example hook_01KJMMA2G0ET89C00HHC3ZY6K7
             */
            id: string;
            /** @description Only events of schedules that carry these labels are sent. */
            labels: {
                [key: string]: string;
            };
            /** @description The name for people. */
            name: string;
            /** @description Only events of these schedules are sent; empty: of all. */
            schedules: string[];
            /** @description The secret that verifies requests. It is shown only this once. */
            signing_secret?: string;
            /** @description The types that are sent; empty: all. */
            types: string[];
            /**
             * Format: date-time
             * @description When it was changed last.
             * @example 2026-03-08T09:00:00.000Z
             */
            updated_at: string;
            /**
             * @description Where events are sent.
             * @example https://example.com/hooks/horarium
             */
            url: string;
            /** @description The public key that verifies requests, where they are signed by Ed25519. */
            verification_key?: string;
            /**
             * @description Counts the changes; send it back to change only what you have seen.
             * @example 3
             */
            version: number;
        };
        /** @description A workspace with its first principal and key. */
        NewWorkspace: {
            admin: components["schemas"]["Principal"];
            admin_key: components["schemas"]["NewKey"];
            /** @description The hosts that its targets and audiences may reach. */
            allowed_hosts: string[];
            /**
             * Format: date-time
             * @description When it was made.
             * @example 2026-03-08T09:00:00.000Z
             */
            created_at: string;
            /**
             * Format: date-time
             * @description When it was deleted.
             * @example 2026-03-08T09:00:00.000Z
             */
            deleted_at: string | null;
            /**
             * @description The id of the workspace.
             * @example ws_01KJMMA2G0ET89C00HHC3ZY6K7
             */
            id: string;
            /**
             * @description The name for people.
             * @example Acme
             */
            name: string;
            /**
             * Format: date-time
             * @description From when on it cannot be had back.
             * @example 2026-03-08T09:00:00.000Z
             */
            purged_at: string | null;
            /** @description How much it may have and do. */
            quotas: {
                /** @description rows of the audience of one fire */
                audience_rows: number;
                /** @description lines of one bulk request or import */
                bulk_lines: number;
                /** @description runs that each worker process has under way at once */
                concurrency: number;
                /** @description slots of all schedules together, each schedule counted with its busiest hour */
                fires_per_hour: number;
                /** @description bytes of the input that one schedule or one run stores */
                input_bytes: number;
                /** @description bytes of the output that one run stores, if response_limit allows as many */
                output_bytes: number;
                /** @description schedules that exist at once, completed and archived ones included */
                schedules: number;
                /** @description seconds that lie at least between two slots of a schedule */
                smallest_period: number;
                /** @description targets that exist at once */
                targets: number;
            };
            /** @description Defaults of the workspace. */
            settings: {
                /**
                 * @description The time zone of new schedules.
                 * @example UTC
                 */
                timezone: string;
            } & {
                [key: string]: unknown;
            };
            /**
             * @description Its short name.
             * @example acme
             */
            slug: string;
            /**
             * Format: date-time
             * @description When it was changed last.
             * @example 2026-03-08T09:00:00.000Z
             */
            updated_at: string;
            /**
             * @description Counts the changes; send it back to change only what you have seen.
             * @example 3
             */
            version: number;
            /**
             * @description Its share where workspaces take turns.
             * @example 1
             */
            weight: number;
        };
        /** @description A coming fire. */
        Occurrence: {
            /**
             * Format: date-time
             * @description When it is due.
             * @example 2026-03-08T09:00:00.000Z
             */
            at: string;
            /**
             * @description The local time of its slot.
             * @example 2026-03-08T10:00:00+01:00
             */
            local: string;
            /** @description What a change of the clocks did to it; mostly empty. */
            note: string;
        };
        /** @description A time in which the clock of a workspace or a schedule stands still. */
        Pause: {
            /**
             * @description Who paused; null: the server itself.
             * @example prn_01KJMMA2G0ET89C00HHC3ZY6K7
             */
            by: string | null;
            /**
             * @description What becomes of its slots when it is over.
             * @enum {string}
             */
            catch_up: "latest" | "all" | "none";
            /**
             * Format: date-time
             * @description Since when it holds.
             * @example 2026-03-08T09:00:00.000Z
             */
            from: string;
            /**
             * @description The id of the pause.
             * @example pau_01KJMMA2G0ET89C00HHC3ZY6K7
             */
            id: string;
            /** @description Why. */
            note: string | null;
            /**
             * @description The schedule that was paused; null: the whole workspace.
             * @example sch_01KJMMA2G0ET89C00HHC3ZY6K7
             */
            schedule: string | null;
            /**
             * Format: date-time
             * @description When it ends, or ended; null: when somebody resumes.
             * @example 2026-03-08T09:00:00.000Z
             */
            until: string | null;
            /**
             * @description The maintenance window that this is one of the times of.
             * @example win_01KJMMA2G0ET89C00HHC3ZY6K7
             */
            window: string | null;
        };
        PauseBody: {
            /**
             * Catch Up
             * @description what becomes of the slots of the pause when it is over: none, latest or all fire (all as overlap lets); none where it is not given; slots before a change of what the schedule does are given up. Of something that is paused, null takes away what was said before: then it is none
             * @default null
             */
            catch_up?: ("latest" | "all" | "none") | null;
            /**
             * Note
             * @description why. Of something that is paused, null takes away what was said before
             * @default null
             */
            note?: string | null;
            /**
             * Until
             * @description when it resumes by itself; without it somebody has to resume it. Of something that is paused, null takes away what was said before
             * @default null
             */
            until?: string | null;
            /**
             * Version
             * @default null
             */
            version?: number | null;
        };
        /** @description A page of pauses. */
        PausePage: {
            /** @description The items of this page. */
            items: components["schemas"]["Pause"][];
            /** @description Send it as cursor for the next page; null: this is the last. */
            next_cursor: string | null;
        };
        PersonBody: {
            /**
             * Person
             * @description row key of audiences, or id in the directory
             */
            person: string;
            /**
             * Values
             * @description texts by which the person is known besides, such as an address or a name; a row key or an id that is one of them is the person's as well
             * @default null
             */
            values?: string[] | null;
        };
        /** @description How a schedule behaves, with all defaults. */
        Policies: {
            /**
             * @description Whether it stays when it is completed.
             * @enum {string}
             */
            after_completion: "keep" | "delete";
            /**
             * @description What a one-time schedule does whose slot passed in a pause.
             * @enum {string}
             */
            after_pause: "skip" | "fire";
            /**
             * @description Fires that may wait.
             * @example 100
             */
            buffer_limit: number;
            /**
             * @description What happens to slots that were missed.
             * @enum {string}
             */
            catch_up: "latest" | "all" | "none";
            /** @description Missed slots that fire at most. */
            catch_up_limit: number;
            /**
             * @description How old a missed slot may be to fire, in seconds
             * @example 3600
             */
            catch_up_window: number;
            /**
             * @description Whether every hour means elapsed hours.
             * @enum {string|null}
             */
            dst_every_hour: "elapsed" | "literal" | null;
            /**
             * @description A local time that the clocks jump over.
             * @enum {string|null}
             */
            dst_gap: "next_valid" | "skip" | "shift" | null;
            /**
             * @description A local time that comes twice.
             * @enum {string|null}
             */
            dst_overlap: "first" | "last" | "both" | null;
            /**
             * @description How late a slot fires as if it were in time, in seconds
             * @example 60
             */
            grace: number;
            /**
             * @description Within which time after its slots it fires, always at the same, in seconds
             * @example 0
             */
            jitter: number;
            /**
             * @description An event tells of fires that begin so long after they were due, in seconds
             * @example 30
             */
            lateness_objective: number | null;
            /** @description Fires after which it is completed. */
            max_fires: number | null;
            /**
             * @description What happens while an earlier fire has not ended. With skip a slot does not fire; but where the earlier fire has not even begun, the latest slot waits for it.
             * @enum {string}
             */
            overlap: "skip" | "buffer_one" | "buffer_all" | "cancel_other" | "terminate_other" | "allow";
            /**
             * @description Whether overlap is looked at by fire or by row.
             * @enum {string}
             */
            overlap_scope: "fire" | "row";
            /** @description Failures in a row after which it pauses. */
            pause_after_failures: number | null;
            /** @description How failed attempts are repeated. */
            retry: {
                /**
                 * @description By how much each wait is longer than the one before.
                 * @example 2
                 */
                factor: number;
                /**
                 * @description How long after the first attempt the second begins, in seconds
                 * @example 10
                 */
                initial: number;
                /**
                 * @description Attempts at most, the first one included.
                 * @example 3
                 */
                max_attempts: number;
                /**
                 * @description The longest wait, in seconds
                 * @example 3600
                 */
                max_delay: number;
                /**
                 * @description For how long attempts are made, in seconds
                 * @example 86400
                 */
                max_elapsed: number | null;
                /** @description Whether retries end when the next slot comes. */
                until_next_slot: boolean;
            };
            /**
             * @description How long an attempt may take; null: as the target says, in seconds
             * @example 30
             */
            timeout: number | null;
        };
        /**
         * PolicyBody
         * @description How a schedule behaves. A policy that is left out has its default. Policies may also stand beside the recurrence
         *     instead of in `policies`.
         */
        PolicyBody: {
            /**
             * After Completion
             * @default null
             */
            after_completion?: ("keep" | "delete") | null;
            /**
             * After Pause
             * @default null
             */
            after_pause?: ("skip" | "fire") | null;
            /**
             * Buffer Limit
             * @default null
             */
            buffer_limit?: number | null;
            /**
             * Catch Up
             * @default null
             */
            catch_up?: ("latest" | "all" | "none") | null;
            /**
             * Catch Up Limit
             * @default null
             */
            catch_up_limit?: number | null;
            /**
             * Catch Up Window
             * @default null
             */
            catch_up_window?: (number | string) | null;
            /**
             * Dst Every Hour
             * @default null
             */
            dst_every_hour?: ("elapsed" | "literal") | null;
            /**
             * Dst Gap
             * @default null
             */
            dst_gap?: ("next_valid" | "skip" | "shift") | null;
            /**
             * Dst Overlap
             * @default null
             */
            dst_overlap?: ("first" | "last" | "both") | null;
            /**
             * Grace
             * @default null
             */
            grace?: (number | string) | null;
            /**
             * Jitter
             * @default null
             */
            jitter?: (number | string) | null;
            /**
             * Lateness Objective
             * @description an event tells of fires that begin later than this after they were due
             * @default null
             */
            lateness_objective?: (number | string) | null;
            /**
             * Max Fires
             * @default null
             */
            max_fires?: number | null;
            /**
             * Overlap
             * @default null
             */
            overlap?: ("skip" | "buffer_one" | "buffer_all" | "cancel_other" | "terminate_other" | "allow") | null;
            /**
             * Overlap Scope
             * @default null
             */
            overlap_scope?: ("fire" | "row") | null;
            /**
             * Pause After Failures
             * @default null
             */
            pause_after_failures?: number | null;
            /** @default null */
            retry?: components["schemas"]["RetryBody"] | null;
            /**
             * Timeout
             * @default null
             */
            timeout?: (number | string) | null;
        };
        /** @description What a schedule will do. */
        Preview: {
            audience?: components["schemas"]["AudiencePreview"];
            /**
             * @description Its recurrence in words.
             * @example At 09:00, every day, UTC time
             */
            in_words: string;
            /** @description The next fires. */
            next_fires: components["schemas"]["Occurrence"][];
        };
        PreviewBody: {
            /**
             * After
             * @description where to begin; now
             * @default null
             */
            after?: string | null;
            /**
             * Count
             * @default null
             */
            count?: number | null;
            /**
             * End At
             * @default null
             */
            end_at?: string | null;
            /** @default null */
            policies?: components["schemas"]["PolicyBody"] | null;
            /**
             * Recurrence
             * @example 0 9 * * 1-5
             */
            recurrence: string | Record<string, never>;
            /**
             * Start At
             * @default null
             */
            start_at?: string | null;
            /**
             * Timezone
             * @default null
             */
            timezone?: string | null;
        };
        /** @description Who acts: a person or a service. */
        Principal: {
            /**
             * Format: date-time
             * @description When it was made.
             * @example 2026-03-08T09:00:00.000Z
             */
            created_at: string;
            /**
             * @description The address of a person.
             * @example ann@example.com
             */
            email: string | null;
            /**
             * @description The id of the principal.
             * @example prn_01KJMMA2G0ET89C00HHC3ZY6K7
             */
            id: string;
            /**
             * @description The name for people.
             * @example Reports
             */
            name: string;
            /**
             * @description A person or a service.
             * @enum {string}
             */
            type: "person" | "service" | "system";
        };
        PrincipalBody: {
            /**
             * Email
             * @default null
             */
            email?: string | null;
            /**
             * Grants
             * @description targets it may schedule; "*" for all of them
             * @default null
             */
            grants?: (string | number)[] | null;
            /** Name */
            name: string;
            /**
             * Type
             * @default service
             * @enum {string}
             */
            type?: "person" | "service";
        };
        /** @description A page of principals. */
        PrincipalPage: {
            /** @description The items of this page. */
            items: components["schemas"]["Principal"][];
            /** @description Send it as cursor for the next page; null: this is the last. */
            next_cursor: string | null;
        };
        /** @description An error (RFC 9457). */
        Problem: {
            /**
             * @description What happened, in a sentence.
             * @example name: is required
             */
            detail: string;
            /** @description Every problem that was found. */
            errors: components["schemas"]["ProblemEntry"][];
            /** @description Where the log has more. */
            request_id?: string;
            /**
             * @description The HTTP status.
             * @example 400
             */
            status: number;
            /**
             * @description The kind of error in words.
             * @example The request cannot be accepted
             */
            title: string;
            /**
             * @description A name for the kind of error.
             * @example urn:horarium:problem:invalid
             */
            type: string;
        };
        /** @description One thing that is wrong with a request. */
        ProblemEntry: {
            /**
             * @description A word for programs.
             * @example required
             */
            code: string;
            /**
             * @description The field or parameter, as a dotted path; empty where it is the whole.
             * @example policies.retry.max_attempts
             */
            field: string;
            /**
             * @description What is wrong, and what would be right.
             * @example is required
             */
            message: string;
        };
        /** @description Whether the server can work. */
        Readiness: {
            /** @description Why it cannot. */
            detail?: string;
            /**
             * @description ready where it can.
             * @example ready
             */
            status: string;
        } & {
            [key: string]: unknown;
        };
        /** @description When it fires: an expression, or an object of one of the kinds below. */
        Recurrence: string | ({
            /** @description A local time, at which it fires once. */
            at?: string;
            /** @description Fields of dates and times that fire. */
            calendars?: unknown[];
            /** @description A cron expression, or its fields. */
            cron?: unknown;
            /** @description Once, after this length of time. */
            delay?: string | number;
            /** @description A length of time, such as 1h30m. */
            every?: string | number;
            /** @description Lengths of time, with offsets. */
            intervals?: unknown[];
            /** @description An instant (RFC 3339), at which it fires once. */
            once?: string;
            /** @description A rate, such as 5 minutes. */
            rate?: string;
            /** @description Several recurrences together. */
            union?: unknown[];
        } & {
            [key: string]: unknown;
        });
        ReplayBody: {
            /**
             * From Event
             * @description id of the first event that is sent once more
             * @default null
             */
            from_event?: string | null;
            /**
             * Since
             * @description or: the events that were told at this time or later
             * @default null
             */
            since?: string | null;
        };
        /** @description What is sent once more. */
        Replayed: {
            /**
             * @description Events that are looked at.
             * @example 12
             */
            events: number;
        };
        ResumeBody: {
            /**
             * Catch Up
             * @description what becomes of the slots of the pause when it is over: none, latest or all fire (all as overlap lets); where it is not given, as was said when it was paused
             * @default null
             */
            catch_up?: ("latest" | "all" | "none") | null;
            /**
             * Version
             * @default null
             */
            version?: number | null;
        };
        /** RetryBody */
        RetryBody: {
            /**
             * Factor
             * @default null
             */
            factor?: number | null;
            /**
             * Initial
             * @default null
             */
            initial?: (number | string) | null;
            /**
             * Max Attempts
             * @default null
             */
            max_attempts?: number | null;
            /**
             * Max Delay
             * @default null
             */
            max_delay?: (number | string) | null;
            /**
             * Max Elapsed
             * @default null
             */
            max_elapsed?: (number | string) | null;
            /**
             * Until Next Slot
             * @default null
             */
            until_next_slot?: boolean | null;
        };
        /** @description What the rotation has done. */
        RotatedSecrets: {
            /** @description Whether a key was made: not where the keys come from the settings. */
            new_key: boolean;
            /** @description Secrets that were encrypted anew. */
            resealed: number;
        };
        RotationBody: {
            /**
             * Overlap
             * @description how long the old key goes on working
             * @default null
             */
            overlap?: (number | string) | null;
        };
        /** @description One execution of a target. */
        Run: {
            /**
             * @description Attempts so far.
             * @example 1
             */
            attempts: number;
            /**
             * Format: date-time
             * @description When it was made.
             * @example 2026-03-08T09:00:00.000Z
             */
            created_at: string;
            /**
             * Format: date-time
             * @description When it was due.
             * @example 2026-03-08T09:00:00.000Z
             */
            due_at: string;
            /** @description Why the last attempt failed. */
            error: string | null;
            /**
             * Format: date-time
             * @description When it ended.
             * @example 2026-03-08T09:00:00.000Z
             */
            finished_at: string | null;
            /**
             * @description The id of its fire.
             * @example fire_01KJMMA2G0ET89C00HHC3ZY6K7
             */
            fire: string | null;
            /**
             * @description 0, or how often its row was run again.
             * @example 0
             */
            generation: number;
            /**
             * @description The id of the run. It is the idempotency key of all of its deliveries.
             * @example run_01KJMMA2G0ET89C00HHC3ZY6K7
             */
            id: string;
            /** @description What its schedule gives the target, or what was given for this run. Any JSON value. */
            input?: unknown;
            /**
             * @description Who began it.
             * @enum {string}
             */
            mode: "clock" | "manual" | "backfill" | "retry";
            /**
             * Format: date-time
             * @description When its next attempt begins.
             * @example 2026-03-08T09:00:00.000Z
             */
            next_attempt_at: string | null;
            /** @description What the target has answered. Any JSON value. */
            output: unknown;
            /** @description What the audience said of its row; null without an audience. */
            row?: unknown;
            /** @description The key of its row of the audience; empty without an audience. */
            row_key: string;
            /**
             * @description The id of its schedule.
             * @example sch_01KJMMA2G0ET89C00HHC3ZY6K7
             */
            schedule: string | null;
            /**
             * Format: date-time
             * @description The slot of its fire.
             * @example 2026-03-08T09:00:00.000Z
             */
            slot_at: string | null;
            /**
             * Format: date-time
             * @description When its first attempt began; once it has ended, when its last attempt began.
             * @example 2026-03-08T09:00:00.000Z
             */
            started_at: string | null;
            /**
             * @description How it stands.
             * @enum {string}
             */
            state: "pending" | "running" | "succeeded" | "failed" | "cancelled";
            /**
             * @description The HTTP status of the last answer.
             * @example 200
             */
            status: number | null;
            /**
             * @description The id of the target that is run.
             * @example tgt_01KJMMA2G0ET89C00HHC3ZY6K7
             */
            target: string;
            waited: components["schemas"]["Waited"] | null;
            waiting: components["schemas"]["Waiting"] | null;
        };
        RunActionBody: {
            /**
             * Action
             * @enum {string}
             */
            action: "cancel" | "retry";
            /**
             * Dry Run
             * @description count and show what would be concerned, and change nothing
             * @default false
             */
            dry_run?: boolean;
            filter: components["schemas"]["RunFilter"];
        };
        /**
         * RunFilter
         * @description Which runs. Without a state, `cancel` is for those that are open, and `retry` for those that failed.
         */
        RunFilter: {
            /**
             * Fire
             * @description id of a fire
             * @default null
             */
            fire?: string | null;
            /**
             * From
             * @default null
             */
            from?: string | null;
            /**
             * Labels
             * @description those of the schedule
             * @default null
             */
            labels?: {
                [key: string]: string;
            } | null;
            /**
             * Row Key
             * @default null
             */
            row_key?: string | null;
            /**
             * Schedule
             * @description id of a schedule
             * @default null
             */
            schedule?: string | null;
            /**
             * Schedule Key
             * @description the key of a schedule, instead of its id
             * @default null
             */
            schedule_key?: string | null;
            /**
             * State
             * @default null
             */
            state?: ("open" | "pending" | "waiting" | "running" | "succeeded" | "failed" | "cancelled") | null;
            /**
             * Target
             * @default null
             */
            target?: (string | number) | null;
            /**
             * To
             * @default null
             */
            to?: string | null;
        };
        /** @description A run with its attempts, and with what it was given. */
        RunInFull: {
            /**
             * @description Attempts so far.
             * @example 1
             */
            attempts: number;
            /**
             * Format: date-time
             * @description When it was made.
             * @example 2026-03-08T09:00:00.000Z
             */
            created_at: string;
            /**
             * Format: date-time
             * @description When it was due.
             * @example 2026-03-08T09:00:00.000Z
             */
            due_at: string;
            /** @description Why the last attempt failed. */
            error: string | null;
            /**
             * Format: date-time
             * @description When it ended.
             * @example 2026-03-08T09:00:00.000Z
             */
            finished_at: string | null;
            /**
             * @description The id of its fire.
             * @example fire_01KJMMA2G0ET89C00HHC3ZY6K7
             */
            fire: string | null;
            /**
             * @description 0, or how often its row was run again.
             * @example 0
             */
            generation: number;
            /** @description Its attempts, oldest first. */
            history: components["schemas"]["Attempt"][];
            /**
             * @description The id of the run. It is the idempotency key of all of its deliveries.
             * @example run_01KJMMA2G0ET89C00HHC3ZY6K7
             */
            id: string;
            /** @description What its schedule gives the target, or what was given for this run. Any JSON value. */
            input: unknown;
            /**
             * @description Who began it.
             * @enum {string}
             */
            mode: "clock" | "manual" | "backfill" | "retry";
            /**
             * Format: date-time
             * @description When its next attempt begins.
             * @example 2026-03-08T09:00:00.000Z
             */
            next_attempt_at: string | null;
            /** @description What the target has answered. Any JSON value. */
            output: unknown;
            /** @description What the audience said of its row; null without an audience. */
            row: unknown;
            /** @description The key of its row of the audience; empty without an audience. */
            row_key: string;
            /**
             * @description The id of its schedule.
             * @example sch_01KJMMA2G0ET89C00HHC3ZY6K7
             */
            schedule: string | null;
            /**
             * Format: date-time
             * @description The slot of its fire.
             * @example 2026-03-08T09:00:00.000Z
             */
            slot_at: string | null;
            /**
             * Format: date-time
             * @description When its first attempt began; once it has ended, when its last attempt began.
             * @example 2026-03-08T09:00:00.000Z
             */
            started_at: string | null;
            /**
             * @description How it stands.
             * @enum {string}
             */
            state: "pending" | "running" | "succeeded" | "failed" | "cancelled";
            /**
             * @description The HTTP status of the last answer.
             * @example 200
             */
            status: number | null;
            /**
             * @description The id of the target that is run.
             * @example tgt_01KJMMA2G0ET89C00HHC3ZY6K7
             */
            target: string;
            waited: components["schemas"]["Waited"] | null;
            waiting: components["schemas"]["Waiting"] | null;
        };
        /** @description A page of runs. */
        RunPage: {
            /** @description The items of this page. */
            items: components["schemas"]["Run"][];
            /** @description Send it as cursor for the next page; null: this is the last. */
            next_cursor: string | null;
            total?: components["schemas"]["Total"];
        };
        /** @description A schedule. */
        Schedule: {
            /** @description Who it fires for, where it has an audience. */
            audience: {
                [key: string]: unknown;
            } | null;
            /** @description Its fires so far, without those by hand and of backfills. */
            counts: {
                /** @description Of these, those that failed. */
                failed: number;
                /** @description Failures since the last success. */
                failures_in_row: number;
                /**
                 * @description Fires of the clock so far.
                 * @example 12
                 */
                fires: number;
                /** @description Fires that have not ended. */
                open: number;
                /** @description Slots that did not fire because of the overlap policy. */
                skipped: number;
                /** @description Of these, those that succeeded. */
                succeeded: number;
                /** @description Fires that wait for earlier ones. With the policy skip one at most. */
                waiting: number;
            };
            /**
             * Format: date-time
             * @description When it was made.
             * @example 2026-03-08T09:00:00.000Z
             */
            created_at: string;
            /**
             * @description The id of the principal that made it.
             * @example prn_01KJMMA2G0ET89C00HHC3ZY6K7
             */
            created_by: string;
            /** @description What it is for. */
            description: string | null;
            /**
             * @description The API by which it was made; native is this one.
             * @example native
             */
            dialect: string;
            /** @description The id by which the clients of its own API know it; null for native ones. */
            dialect_id: string | null;
            /**
             * Format: date-time
             * @description The last instant at which it may fire.
             * @example 2026-03-08T09:00:00.000Z
             */
            end_at: string | null;
            /**
             * Format: date-time
             * @description When it was completed.
             * @example 2026-03-08T09:00:00.000Z
             */
            ended_at: string | null;
            /**
             * @description Why it was completed.
             * @example exhausted
             */
            ended_reason: string | null;
            /**
             * @description The id of the schedule.
             * @example sch_01KJMMA2G0ET89C00HHC3ZY6K7
             */
            id: string;
            /**
             * @description Its recurrence in words.
             * @example At 09:00, every day, UTC time
             */
            in_words: string;
            /** @description What the target is given. Any JSON value. */
            input: unknown;
            /**
             * @description The key that its maker chose.
             * @example customer-7/digest
             */
            key: string | null;
            /** @description Labels that its maker chose, by name. */
            labels: {
                [key: string]: string;
            };
            /**
             * @description The id of its last fire by the clock.
             * @example fire_01KJMMA2G0ET89C00HHC3ZY6K7
             */
            last_fire: string | null;
            /**
             * Format: date-time
             * @description When it fired last by the clock.
             * @example 2026-03-08T09:00:00.000Z
             */
            last_fire_at: string | null;
            /** @description Why it was skipped. */
            last_skip_reason: string | null;
            /**
             * Format: date-time
             * @description The last slot that was skipped.
             * @example 2026-03-08T09:00:00.000Z
             */
            last_skipped_at: string | null;
            /**
             * Format: date-time
             * @description The last slot that fired.
             * @example 2026-03-08T09:00:00.000Z
             */
            last_slot_at: string | null;
            /**
             * @description How its last fire by the clock ended, or stands.
             * @example completed
             */
            last_state: string | null;
            /**
             * @description The name for people.
             * @example Digest
             */
            name: string;
            /**
             * Format: date-time
             * @description When it fires next: at the first slot that no pause or maintenance window holds back, plus its jitter. Lists are sorted and filtered by the next slot, held back or not.
             * @example 2026-03-08T09:00:00.000Z
             */
            next_fire_at: string | null;
            /** @description Its next fires. */
            next_fires: components["schemas"]["Occurrence"][];
            /**
             * Format: date-time
             * @description The next slot.
             * @example 2026-03-08T09:00:00.000Z
             */
            next_slot_at: string | null;
            /** @description Why it is paused. */
            note: string | null;
            /**
             * Format: date-time
             * @description When it resumes by itself.
             * @example 2026-03-08T09:00:00.000Z
             */
            paused_until: string | null;
            policies: components["schemas"]["Policies"];
            recurrence: components["schemas"]["Recurrence"];
            /**
             * Format: date-time
             * @description The first instant at which it may fire.
             * @example 2026-03-08T09:00:00.000Z
             */
            start_at: string | null;
            /**
             * @description Whether it fires.
             * @enum {string}
             */
            state: "active" | "paused" | "completed" | "archived";
            /**
             * @description The id of the target that it runs.
             * @example tgt_01KJMMA2G0ET89C00HHC3ZY6K7
             */
            target: string;
            /**
             * @description An IANA time zone.
             * @example Europe/Paris
             */
            timezone: string;
            /**
             * Format: date-time
             * @description When it was changed last.
             * @example 2026-03-08T09:00:00.000Z
             */
            updated_at: string;
            /**
             * @description Counts the changes; send it back to change only what you have seen.
             * @example 3
             */
            version: number;
        };
        ScheduleActionBody: {
            /**
             * Action
             * @enum {string}
             */
            action: "pause" | "resume" | "delete" | "relabel" | "retarget" | "fire";
            /**
             * Catch Up
             * @description for pause and resume: what becomes of the slots of the pause when it is over: none, latest or all fire (all as overlap lets); left out, as each schedule's own pause says, or none
             * @default null
             */
            catch_up?: ("latest" | "all" | "none") | null;
            /**
             * Dry Run
             * @description count and show what would be concerned, and change nothing
             * @default false
             */
            dry_run?: boolean;
            filter: components["schemas"]["ScheduleFilter"];
            /**
             * Labels
             * @description for relabel: set where they have a value, taken away where it is null
             * @default null
             */
            labels?: {
                [key: string]: string | null;
            } | null;
            /**
             * Note
             * @description for pause: why; null takes it away
             * @default null
             */
            note?: string | null;
            /**
             * Target
             * @description for retarget
             * @default null
             */
            target?: (string | number) | null;
            /**
             * Until
             * @description for pause: when they resume by themselves; null: not
             * @default null
             */
            until?: string | null;
        };
        ScheduleBody: {
            /**
             * Audience
             * @default null
             */
            audience?: {
                [key: string]: unknown;
            } | null;
            /**
             * Description
             * @default null
             */
            description?: string | null;
            /**
             * End At
             * @default null
             */
            end_at?: string | null;
            /**
             * Input
             * @default null
             */
            input?: unknown;
            /**
             * Key
             * @default null
             */
            key?: string | null;
            /**
             * Labels
             * @default null
             */
            labels?: {
                [key: string]: string;
            } | null;
            /** Name */
            name: string;
            /**
             * Paused
             * @description only when it is made: off the clock until it is resumed
             * @default null
             */
            paused?: boolean | null;
            /** @default null */
            policies?: components["schemas"]["PolicyBody"] | null;
            /**
             * Recurrence
             * @example 0 9 * * 1-5
             */
            recurrence: string | Record<string, never>;
            /**
             * Start At
             * @default null
             */
            start_at?: string | null;
            /**
             * Target
             * @description the id, the key or the number of a target
             * @example nightly
             */
            target: string | number;
            /**
             * Timezone
             * @default null
             */
            timezone?: string | null;
            /**
             * Version
             * @description where it is given: change only what is at this version
             * @default null
             */
            version?: number | null;
        };
        /**
         * ScheduleFilter
         * @description Which schedules; an empty object means all of the workspace.
         */
        ScheduleFilter: {
            /**
             * Created By
             * @description id of a principal
             * @default null
             */
            created_by?: string | null;
            /**
             * Dialect
             * @default null
             */
            dialect?: string | null;
            /**
             * Failing
             * @default null
             */
            failing?: boolean | null;
            /**
             * Key
             * @default null
             */
            key?: string | null;
            /**
             * Key Prefix
             * @default null
             */
            key_prefix?: string | null;
            /**
             * Labels
             * @default null
             */
            labels?: {
                [key: string]: string;
            } | null;
            /**
             * Last State
             * @default null
             */
            last_state?: ("waiting" | "resolving" | "running" | "completed" | "partial" | "failed" | "cancelled") | null;
            /**
             * Next Fire Before
             * @default null
             */
            next_fire_before?: string | null;
            /**
             * Search
             * @default null
             */
            search?: string | null;
            /**
             * State
             * @default null
             */
            state?: ("active" | "paused" | "completed" | "archived") | null;
            /**
             * Target
             * @default null
             */
            target?: (string | number) | null;
        };
        /** @description A page of schedules. */
        SchedulePage: {
            /** @description The items of this page. */
            items: components["schemas"]["ListedSchedule"][];
            /** @description Send it as cursor for the next page; null: this is the last. */
            next_cursor: string | null;
            total?: components["schemas"]["Total"];
        };
        SchedulePatch: {
            /**
             * Audience
             * @default null
             */
            audience?: {
                [key: string]: unknown;
            } | null;
            /**
             * Description
             * @default null
             */
            description?: string | null;
            /**
             * End At
             * @default null
             */
            end_at?: string | null;
            /**
             * Input
             * @default null
             */
            input?: unknown;
            /**
             * Key
             * @default null
             */
            key?: string | null;
            /**
             * Labels
             * @default null
             */
            labels?: {
                [key: string]: string;
            } | null;
            /** Name */
            name?: string;
            /**
             * Paused
             * @description only when it is made: off the clock until it is resumed
             * @default null
             */
            paused?: boolean | null;
            /** @default null */
            policies?: components["schemas"]["PolicyBody"] | null;
            /**
             * Recurrence
             * @example 0 9 * * 1-5
             */
            recurrence?: string | Record<string, never>;
            /**
             * Start At
             * @default null
             */
            start_at?: string | null;
            /**
             * Target
             * @description the id, the key or the number of a target
             * @example nightly
             */
            target?: string | number;
            /**
             * Timezone
             * @default null
             */
            timezone?: string | null;
            /**
             * Version
             * @description where it is given: change only what is at this version
             * @default null
             */
            version?: number | null;
        };
        SecretRotationBody: {
            /**
             * Algorithm
             * @description ed25519 signs with a key that never leaves the server; receivers verify with verification_key
             * @default hmac
             * @enum {string}
             */
            algorithm?: "hmac" | "ed25519";
            /**
             * Keep Previous
             * @default true
             */
            keep_previous?: boolean;
            /**
             * Overlap
             * @description how long requests are signed with the old secret too; a day if it is left out, at most 30d
             * @default null
             */
            overlap?: (number | string) | null;
        };
        /** @description A request or its answer without secrets; null for executors that send none, or where none came. */
        SentMessage: {
            /**
             * @description Its body as a text; a long one is cut.
             * @example {"ok": true}
             */
            body: string;
            /** @description Its headers; *** stands for secrets. */
            headers: {
                /**
                 * @description Its name.
                 * @example content-type
                 */
                name: string;
                /** @description Its value. */
                value: string;
            }[];
            /**
             * @description What it begins with: method and URL, or the status.
             * @example POST https://example.com/hook
             */
            line: string;
        };
        /** @description What an attempt of a run has sent. Requests are not stored: it is made once more of what is, and not sent. */
        SentRequest: {
            /**
             * @description The number of the attempt, from 1.
             * @example 1
             */
            attempt: number;
            /**
             * @description Why there is no request to show.
             * @example nothing was sent
             */
            reason: string | null;
            request: components["schemas"]["SentMessage"] | null;
            /**
             * Format: date-time
             * @description When the target was changed after the attempt began; the request is then of what it is now.
             * @example 2026-03-08T09:00:00.000Z
             */
            target_changed_at: string | null;
        };
        /** @description A workspace with which a target is shared. */
        Share: {
            /**
             * Format: date-time
             * @description Since when it is there.
             * @example 2026-03-08T09:00:00.000Z
             */
            created_at: string;
            /**
             * @description The key of the target there.
             * @example report
             */
            key: string | null;
            /**
             * @description The id of the target there.
             * @example tgt_01KJMMA2G0ET89C00HHC3ZY6K7
             */
            target: string;
            /**
             * @description The workspace that may use the target.
             * @example ws_01KJMMA2G0ET89C00HHC3ZY6K7
             */
            workspace: string;
        };
        ShareBody: {
            /**
             * Key
             * @description the key of the target in the other workspace; its own if left out
             * @default null
             */
            key?: string | null;
        };
        /** @description A page of workspaces with which a target is shared. */
        SharePage: {
            /** @description The items of this page. */
            items: components["schemas"]["Share"][];
            /** @description Send it as cursor for the next page; null: this is the last. */
            next_cursor: string | null;
        };
        SourceBody: {
            /** Config */
            config: {
                [key: string]: unknown;
            };
            /**
             * Type
             * @example sql
             * @example http
             */
            type: string;
        };
        /** @description A workspace with which a source of audiences is shared. */
        SourceShare: {
            /**
             * Format: date-time
             * @description Since when it is there.
             * @example 2026-03-08T09:00:00.000Z
             */
            created_at: string;
            /**
             * @description The name of the source there.
             * @example people
             */
            name: string;
            /**
             * @description The id of the source there.
             * @example src_01KJMMA2G0ET89C00HHC3ZY6K7
             */
            source: string;
            /**
             * @description The workspace that may use the source.
             * @example ws_01KJMMA2G0ET89C00HHC3ZY6K7
             */
            workspace: string;
        };
        SourceShareBody: {
            /**
             * Name
             * @description the name of the source in the other workspace; its own if left out
             * @default null
             */
            name?: string | null;
        };
        /** @description A page of workspaces with which a source is shared. */
        SourceSharePage: {
            /** @description The items of this page. */
            items: components["schemas"]["SourceShare"][];
            /** @description Send it as cursor for the next page; null: this is the last. */
            next_cursor: string | null;
        };
        /** @description Slots that did not fire. */
        Span: {
            /**
             * @description How many slots these are.
             * @example 24
             */
            count: number;
            /**
             * Format: date-time
             * @description The first of these slots.
             * @example 2026-03-08T09:00:00.000Z
             */
            first_at: string;
            /**
             * Format: date-time
             * @description The last of these slots.
             * @example 2026-03-08T09:00:00.000Z
             */
            last_at: string;
            /**
             * @description Why these slots did not fire.
             * @enum {string}
             */
            reason: "skipped" | "unbegun" | "missed" | "paused" | "workspace_paused" | "maintenance" | "cancelled";
            /**
             * Format: date-time
             * @description When this was entered.
             * @example 2026-03-08T09:00:00.000Z
             */
            recorded_at: string;
            /**
             * @description The id of the schedule.
             * @example sch_01KJMMA2G0ET89C00HHC3ZY6K7
             */
            schedule: string;
            /**
             * @description The version of the definition that named them.
             * @example 1
             */
            schedule_version: number;
        };
        /** @description Slots that did not fire. */
        SpanEntry: {
            /**
             * @description How many slots these are.
             * @example 24
             */
            count: number;
            /**
             * @description Which kind of entry it is. (enum property replaced by openapi-typescript)
             * @enum {string}
             */
            entry: "span";
            /**
             * Format: date-time
             * @description The first of these slots.
             * @example 2026-03-08T09:00:00.000Z
             */
            first_at: string;
            /**
             * Format: date-time
             * @description The last of these slots.
             * @example 2026-03-08T09:00:00.000Z
             */
            last_at: string;
            /**
             * @description Why these slots did not fire.
             * @enum {string}
             */
            reason: "skipped" | "unbegun" | "missed" | "paused" | "workspace_paused" | "maintenance" | "cancelled";
            /**
             * Format: date-time
             * @description When this was entered.
             * @example 2026-03-08T09:00:00.000Z
             */
            recorded_at: string;
            /**
             * @description The id of the schedule.
             * @example sch_01KJMMA2G0ET89C00HHC3ZY6K7
             */
            schedule: string;
            /**
             * @description The version of the definition that named them.
             * @example 1
             */
            schedule_version: number;
        };
        /** @description An embedded table. */
        Table: {
            /** @description Its columns. */
            columns: {
                /**
                 * @description Its name.
                 * @example email
                 */
                name: string;
                /** @description Whether it may be empty. */
                nullable: boolean;
                /** @description Whether it is part of the primary key. */
                primary_key: boolean;
                /**
                 * @description Its type.
                 * @example text
                 */
                type: string;
            }[];
            /**
             * @description The database.
             * @example crm
             */
            database: string;
            /**
             * @description The table.
             * @example people
             */
            table: string;
        };
        /** @description A table without a primary key gets a column `id` that counts up. */
        TableBody: {
            /**
             * Columns
             * @description name, type (integer, number, text, boolean, timestamp, json), primary_key, nullable
             */
            columns: {
                [key: string]: unknown;
            }[];
            /**
             * Database
             * @description a name that you choose; the database is made with its first table
             */
            database: string;
            /** Table */
            table: string;
        };
        /** @description The embedded tables of a workspace. */
        TableList: {
            /** @description The tables. */
            items: {
                /**
                 * @description The database.
                 * @example crm
                 */
                database: string;
                /**
                 * @description The table.
                 * @example people
                 */
                table: string;
            }[];
        };
        /** @description A page of rows. */
        TableRows: {
            /** @description Send it as after for what follows; null: this is the end. */
            next: number | null;
            /** @description The rows. */
            rows: {
                [key: string]: unknown;
            }[];
        };
        /** @description What schedules run. */
        Target: {
            /**
             * @description Whether the answer ends a run, or a later callback.
             * @enum {string}
             */
            completion: "response" | "callback" | "watch";
            /**
             * Format: date-time
             * @description When it was made.
             * @example 2026-03-08T09:00:00.000Z
             */
            created_at: string;
            /**
             * @description The id of the principal that made it.
             * @example prn_01KJMMA2G0ET89C00HHC3ZY6K7
             */
            created_by: string;
            /**
             * @description How long a run may wait for its callback, in seconds
             * @example 86400
             */
            deadline: number;
            /** @description What it does. */
            description: string | null;
            /** @description Why it is off. */
            disabled_reason: string | null;
            /** @description Whether its runs are executed. */
            enabled: boolean;
            /** @description How it is run: its type, and the settings of that type. Secrets are shown as ***. */
            executor: {
                /**
                 * @description The type of the executor.
                 * @example http
                 */
                type: string;
            } & {
                [key: string]: unknown;
            };
            /** @description What callers keep with it. */
            extra: {
                [key: string]: unknown;
            };
            /**
             * @description The id of the target.
             * @example tgt_01KJMMA2G0ET89C00HHC3ZY6K7
             */
            id: string;
            /** @description A JSON Schema that inputs must satisfy. */
            input_schema: {
                [key: string]: unknown;
            } | null;
            /**
             * @description The key that its maker chose.
             * @example report
             */
            key: string | null;
            /**
             * @description What it is.
             * @enum {string}
             */
            kind: "automation" | "workflow" | "function" | "agent" | "tool" | "table";
            /**
             * @description Runs that may be under way at once.
             * @example 10
             */
            max_concurrency: number | null;
            /**
             * @description The name for people.
             * @example Report
             */
            name: string;
            /**
             * @description A number that is unique on the server.
             * @example 12
             */
            number: number;
            /**
             * @description Attempts that may begin in a second.
             * @example 5
             */
            rate_per_second: number | null;
            /**
             * @description The target of another workspace that this one is; it is changed there.
             * @example tgt_01KJMMA2G0ET89C00HHC3ZY6K7
             */
            shared_from: string | null;
            /**
             * @description How long one attempt may take, in seconds
             * @example 30
             */
            timeout: number;
            /**
             * Format: date-time
             * @description When it was changed last.
             * @example 2026-03-08T09:00:00.000Z
             */
            updated_at: string;
            /**
             * @description Counts the changes; send it back to change only what you have seen.
             * @example 3
             */
            version: number;
        };
        TargetBody: {
            /**
             * Completion
             * @default null
             */
            completion?: ("response" | "callback" | "watch") | null;
            /**
             * Deadline
             * @default null
             */
            deadline?: (number | string) | null;
            /**
             * Description
             * @default null
             */
            description?: string | null;
            /**
             * Enabled
             * @default null
             */
            enabled?: boolean | null;
            /**
             * Executor
             * @description an object with type, such as http, and the settings of that type
             */
            executor: {
                [key: string]: unknown;
            };
            /**
             * Extra
             * @default null
             */
            extra?: {
                [key: string]: unknown;
            } | null;
            /**
             * Input Schema
             * @default null
             */
            input_schema?: {
                [key: string]: unknown;
            } | null;
            /**
             * Key
             * @default null
             */
            key?: string | null;
            /**
             * Kind
             * @enum {string}
             */
            kind: "automation" | "workflow" | "function" | "agent" | "tool" | "table";
            /**
             * Max Concurrency
             * @default null
             */
            max_concurrency?: number | null;
            /** Name */
            name: string;
            /**
             * Rate Per Second
             * @default null
             */
            rate_per_second?: number | null;
            /**
             * Timeout
             * @default null
             */
            timeout?: (number | string) | null;
            /**
             * Version
             * @description where it is given: change only what is at this version
             * @default null
             */
            version?: number | null;
        };
        /** @description A target with how its runs stand. */
        TargetInFull: {
            /**
             * @description Whether the answer ends a run, or a later callback.
             * @enum {string}
             */
            completion: "response" | "callback" | "watch";
            /**
             * Format: date-time
             * @description When it was made.
             * @example 2026-03-08T09:00:00.000Z
             */
            created_at: string;
            /**
             * @description The id of the principal that made it.
             * @example prn_01KJMMA2G0ET89C00HHC3ZY6K7
             */
            created_by: string;
            /**
             * @description How long a run may wait for its callback, in seconds
             * @example 86400
             */
            deadline: number;
            /** @description What it does. */
            description: string | null;
            /** @description Why it is off. */
            disabled_reason: string | null;
            /** @description Whether its runs are executed. */
            enabled: boolean;
            /** @description How it is run: its type, and the settings of that type. Secrets are shown as ***. */
            executor: {
                /**
                 * @description The type of the executor.
                 * @example http
                 */
                type: string;
            } & {
                [key: string]: unknown;
            };
            /** @description What callers keep with it. */
            extra: {
                [key: string]: unknown;
            };
            /**
             * @description The id of the target.
             * @example tgt_01KJMMA2G0ET89C00HHC3ZY6K7
             */
            id: string;
            /** @description A JSON Schema that inputs must satisfy. */
            input_schema: {
                [key: string]: unknown;
            } | null;
            /**
             * @description The key that its maker chose.
             * @example report
             */
            key: string | null;
            /**
             * @description What it is.
             * @enum {string}
             */
            kind: "automation" | "workflow" | "function" | "agent" | "tool" | "table";
            lane: components["schemas"]["Lane"];
            /**
             * @description Runs that may be under way at once.
             * @example 10
             */
            max_concurrency: number | null;
            /**
             * @description The name for people.
             * @example Report
             */
            name: string;
            /**
             * @description A number that is unique on the server.
             * @example 12
             */
            number: number;
            /**
             * @description Attempts that may begin in a second.
             * @example 5
             */
            rate_per_second: number | null;
            /**
             * @description The target of another workspace that this one is; it is changed there.
             * @example tgt_01KJMMA2G0ET89C00HHC3ZY6K7
             */
            shared_from: string | null;
            /**
             * @description How long one attempt may take, in seconds
             * @example 30
             */
            timeout: number;
            /**
             * Format: date-time
             * @description When it was changed last.
             * @example 2026-03-08T09:00:00.000Z
             */
            updated_at: string;
            /**
             * @description Counts the changes; send it back to change only what you have seen.
             * @example 3
             */
            version: number;
        };
        /** @description A page of targets. */
        TargetPage: {
            /** @description The items of this page. */
            items: components["schemas"]["Target"][];
            /** @description Send it as cursor for the next page; null: this is the last. */
            next_cursor: string | null;
            total?: components["schemas"]["Total"];
        };
        TargetPatch: {
            /**
             * Completion
             * @default null
             */
            completion?: ("response" | "callback" | "watch") | null;
            /**
             * Deadline
             * @default null
             */
            deadline?: (number | string) | null;
            /**
             * Description
             * @default null
             */
            description?: string | null;
            /**
             * Enabled
             * @default null
             */
            enabled?: boolean | null;
            /**
             * Executor
             * @description an object with type, such as http, and the settings of that type
             */
            executor?: {
                [key: string]: unknown;
            };
            /**
             * Extra
             * @default null
             */
            extra?: {
                [key: string]: unknown;
            } | null;
            /**
             * Input Schema
             * @default null
             */
            input_schema?: {
                [key: string]: unknown;
            } | null;
            /**
             * Key
             * @default null
             */
            key?: string | null;
            /**
             * Kind
             * @enum {string}
             */
            kind?: "automation" | "workflow" | "function" | "agent" | "tool" | "table";
            /**
             * Max Concurrency
             * @default null
             */
            max_concurrency?: number | null;
            /** Name */
            name?: string;
            /**
             * Rate Per Second
             * @default null
             */
            rate_per_second?: number | null;
            /**
             * Timeout
             * @default null
             */
            timeout?: (number | string) | null;
            /**
             * Version
             * @description where it is given: change only what is at this version
             * @default null
             */
            version?: number | null;
        };
        TargetTestBody: {
            /**
             * Input
             * @description what the target is given, as the input of a schedule
             * @default null
             */
            input?: unknown;
            /**
             * Row
             * @description the row of an audience that it is called for, where it is called for one
             * @default null
             */
            row?: unknown;
        };
        /** @description How many items a list has on all its pages, where total=true asks for it. */
        Total: {
            /** @description Counting stopped there, so that the page is not slow: there may be more. */
            at_least: boolean;
            /**
             * @description How many there are; where at_least is true, how many were counted.
             * @example 120
             */
            count: number;
        };
        /** @description What an action would be done to. */
        Trial: {
            /**
             * @description What would be done.
             * @enum {string}
             */
            action: "pause" | "resume" | "delete" | "relabel" | "retarget" | "fire" | "cancel" | "retry";
            /** @description Always true. */
            dry_run: boolean;
            /** @description Whether that is all of them; otherwise there are more. */
            exact: boolean;
            /**
             * @description How many schedules or runs match.
             * @example 120
             */
            matched: number;
            /** @description The first of the runs. */
            runs: components["schemas"]["Run"][];
            /** @description The first of the schedules. */
            schedules: {
                /**
                 * @description The id of the schedule.
                 * @example sch_01KJMMA2G0ET89C00HHC3ZY6K7
                 */
                id: string;
                /**
                 * @description The key that its maker chose.
                 * @example customer-7/digest
                 */
                key: string | null;
                /**
                 * @description The name for people.
                 * @example Digest
                 */
                name: string;
                /**
                 * @description Whether it fires.
                 * @enum {string}
                 */
                state: "active" | "paused" | "completed" | "archived";
            }[];
        };
        /** @description What came of one call by which a target was tried out. */
        TriedCall: {
            answer: components["schemas"]["SentMessage"] | null;
            /**
             * Format: date-time
             * @description When it began.
             * @example 2026-03-08T09:00:00.000Z
             */
            began_at: string;
            /**
             * @description Why it failed.
             * @example the target answered 500 Internal Server Error
             */
            error: string | null;
            /**
             * @description How it ended.
             * @enum {string}
             */
            outcome: "succeeded" | "failed" | "accepted";
            /** @description What the target answered: JSON where it is JSON, else a text. */
            output: unknown;
            request: components["schemas"]["SentMessage"] | null;
            /** @description Whether a run would make another attempt after this. */
            retryable: boolean;
            /**
             * @description What the target took for the id of a run; no run was stored.
             * @example run_01KJMMA2G0ET89C00HHC3ZY6K7
             */
            run: string;
            /**
             * @description The status of the answer, if it has one.
             * @example 200
             */
            status: number | null;
            /**
             * @description The target.
             * @example tgt_01KJMMA2G0ET89C00HHC3ZY6K7
             */
            target: string;
            /**
             * @description How long it took, in seconds
             * @example 0.12
             */
            took: number;
        };
        /** @description A version of a schedule's definition. */
        Version: {
            /** @description Who it fires for, where it has an audience. */
            audience: {
                [key: string]: unknown;
            } | null;
            /**
             * Format: date-time
             * @description The last instant at which it may fire.
             * @example 2026-03-08T09:00:00.000Z
             */
            end_at: string | null;
            /**
             * Format: date-time
             * @description From when on it ruled.
             * @example 2026-03-08T09:00:00.000Z
             */
            from: string;
            /** @description What the target is given. Any JSON value. */
            input: unknown;
            policies: components["schemas"]["Policies"];
            recurrence: components["schemas"]["Recurrence"];
            /**
             * Format: date-time
             * @description The first instant at which it may fire.
             * @example 2026-03-08T09:00:00.000Z
             */
            start_at: string | null;
            /**
             * @description The id of the target that it runs.
             * @example tgt_01KJMMA2G0ET89C00HHC3ZY6K7
             */
            target: string;
            /**
             * @description An IANA time zone.
             * @example Europe/Paris
             */
            timezone: string;
            /**
             * @description Its number; entries of the ledger name it as schedule_version.
             * @example 1
             */
            version: number;
        };
        /** @description A page of versions. */
        VersionPage: {
            /** @description The items of this page. */
            items: components["schemas"]["ListedVersion"][];
            /** @description Send it as cursor for the next page; null: this is the last. */
            next_cursor: string | null;
        };
        /** @description For what a run has waited. */
        Waited: {
            /** @description Seconds by cause. */
            for: {
                [key: string]: number;
            };
            /** @description In all, in seconds */
            seconds: number;
        };
        /** @description What a run waits for. */
        Waiting: {
            /**
             * @description The cause.
             * @enum {string}
             */
            for: "place" | "limit" | "pause" | "circuit" | "concurrency" | "rate" | "database" | "retry";
            /** @description The cause in words. */
            in_words: string;
        };
        /** @description Where events are sent. */
        Webhook: {
            /**
             * Format: date-time
             * @description When it was made.
             * @example 2026-03-08T09:00:00.000Z
             */
            created_at: string;
            /** @description Why none are sent. */
            disabled_reason: string | null;
            /** @description Whether events are sent. */
            enabled: boolean;
            /**
             * Format: date-time
             * @description Since when nothing that was sent has arrived.
             * @example 2026-03-08T09:00:00.000Z
             */
            failing_since: string | null;
            /**
             * @description The id of the webhook.
             * @example hook_01KJMMA2G0ET89C00HHC3ZY6K7
             */
            id: string;
            /** @description Only events of schedules that carry these labels are sent. */
            labels: {
                [key: string]: string;
            };
            /** @description The name for people. */
            name: string;
            /** @description Only events of these schedules are sent; empty: of all. */
            schedules: string[];
            /** @description The types that are sent; empty: all. */
            types: string[];
            /**
             * Format: date-time
             * @description When it was changed last.
             * @example 2026-03-08T09:00:00.000Z
             */
            updated_at: string;
            /**
             * @description Where events are sent.
             * @example https://example.com/hooks/horarium
             */
            url: string;
            /**
             * @description Counts the changes; send it back to change only what you have seen.
             * @example 3
             */
            version: number;
        };
        WebhookBody: {
            /**
             * Labels
             * @description only events of schedules that carry all of these labels
             * @default null
             */
            labels?: {
                [key: string]: string;
            } | null;
            /**
             * Name
             * @description the name for people; the URL where it is left out
             * @default null
             */
            name?: string | null;
            /**
             * Schedule Keys
             * @description keys of schedules that there are, instead of their ids or beside them
             * @default null
             */
            schedule_keys?: string[] | null;
            /**
             * Schedules
             * @description ids of schedules: only events of these
             * @default null
             */
            schedules?: string[] | null;
            /**
             * Types
             * @description types of events such as fire.failed, or all of one kind: fire.*; all types where it is empty
             * @default null
             */
            types?: string[] | null;
            /**
             * Url
             * @description where events are sent
             */
            url: string;
        };
        /** @description A page of webhooks. */
        WebhookPage: {
            /** @description The items of this page. */
            items: components["schemas"]["Webhook"][];
            /** @description Send it as cursor for the next page; null: this is the last. */
            next_cursor: string | null;
        };
        WebhookPatch: {
            /**
             * Enabled
             * @description whether events are sent; what has waited meanwhile is sent when it is switched on
             * @default null
             */
            enabled?: boolean | null;
            /**
             * Labels
             * @description only events of schedules that carry all of these labels
             * @default null
             */
            labels?: {
                [key: string]: string;
            } | null;
            /**
             * Name
             * @default null
             */
            name?: string | null;
            /**
             * Schedule Keys
             * @description keys of schedules that there are, instead of their ids or beside them
             * @default null
             */
            schedule_keys?: string[] | null;
            /**
             * Schedules
             * @description ids of schedules: only events of these
             * @default null
             */
            schedules?: string[] | null;
            /**
             * Types
             * @description types of events such as fire.failed, or all of one kind: fire.*; all types where it is empty
             * @default null
             */
            types?: string[] | null;
            /**
             * Url
             * @description where events are sent
             * @default null
             */
            url?: string | null;
            /**
             * Version
             * @default null
             */
            version?: number | null;
        };
        /** @description A maintenance window: a pause that recurs. */
        Window: {
            /**
             * @description Who made it.
             * @example prn_01KJMMA2G0ET89C00HHC3ZY6K7
             */
            by: string | null;
            /**
             * @description What becomes of the slots in it when it is over.
             * @enum {string}
             */
            catch_up: "latest" | "all" | "none";
            /**
             * Format: date-time
             * @description When it was made.
             * @example 2026-03-08T09:00:00.000Z
             */
            created_at: string;
            /**
             * @description How long it holds from each beginning, in seconds., in seconds
             * @example 7200
             */
            duration: number;
            /**
             * Format: date-time
             * @description After this instant it does not begin.
             * @example 2026-03-08T09:00:00.000Z
             */
            end_at: string | null;
            /**
             * @description The id of the maintenance window.
             * @example win_01KJMMA2G0ET89C00HHC3ZY6K7
             */
            id: string;
            /** @description The recurrence in English. */
            in_words: string;
            /** @description When it holds next. */
            next: {
                /**
                 * Format: date-time
                 * @description When it begins.
                 * @example 2026-03-08T09:00:00.000Z
                 */
                from: string;
                /**
                 * Format: date-time
                 * @description When it ends.
                 * @example 2026-03-08T09:00:00.000Z
                 */
                until: string;
            }[];
            /** @description Why. */
            note: string | null;
            recurrence: components["schemas"]["Recurrence"];
            /**
             * @description The schedule that it holds; null: the whole workspace.
             * @example sch_01KJMMA2G0ET89C00HHC3ZY6K7
             */
            schedule: string | null;
            /**
             * Format: date-time
             * @description Before this instant it does not begin.
             * @example 2026-03-08T09:00:00.000Z
             */
            start_at: string | null;
            /**
             * @description The time zone of the recurrence.
             * @example Europe/Paris
             */
            timezone: string;
        };
        WindowBody: {
            /**
             * Catch Up
             * @description what becomes of the slots of the pause when it is over: none, latest or all fire (all as overlap lets); none where it is not given
             * @default null
             */
            catch_up?: ("latest" | "all" | "none") | null;
            /**
             * Duration
             * @description how long it holds from each beginning, in elapsed time
             * @example 90
             * @example 1h30m
             */
            duration: number | string;
            /**
             * End At
             * @default null
             */
            end_at?: string | null;
            /**
             * Note
             * @description why
             * @default null
             */
            note?: string | null;
            /**
             * Recurrence
             * @example 0 9 * * 1-5
             */
            recurrence: string | Record<string, never>;
            /**
             * Start At
             * @default null
             */
            start_at?: string | null;
            /**
             * Timezone
             * @default null
             */
            timezone?: string | null;
        };
        /** @description The maintenance windows of a workspace or a schedule, all on one page. */
        WindowList: {
            /** @description The items of this page. */
            items: components["schemas"]["Window"][];
            /** @description Send it as cursor for the next page; null: this is the last. */
            next_cursor: string | null;
        };
        /** @description A tenant. */
        Workspace: {
            /** @description The hosts that its targets and audiences may reach. */
            allowed_hosts: string[];
            /**
             * Format: date-time
             * @description When it was made.
             * @example 2026-03-08T09:00:00.000Z
             */
            created_at: string;
            /**
             * Format: date-time
             * @description When it was deleted.
             * @example 2026-03-08T09:00:00.000Z
             */
            deleted_at: string | null;
            /**
             * @description The id of the workspace.
             * @example ws_01KJMMA2G0ET89C00HHC3ZY6K7
             */
            id: string;
            /**
             * @description The name for people.
             * @example Acme
             */
            name: string;
            /**
             * Format: date-time
             * @description From when on it cannot be had back.
             * @example 2026-03-08T09:00:00.000Z
             */
            purged_at: string | null;
            /** @description How much it may have and do. */
            quotas: {
                /** @description rows of the audience of one fire */
                audience_rows: number;
                /** @description lines of one bulk request or import */
                bulk_lines: number;
                /** @description runs that each worker process has under way at once */
                concurrency: number;
                /** @description slots of all schedules together, each schedule counted with its busiest hour */
                fires_per_hour: number;
                /** @description bytes of the input that one schedule or one run stores */
                input_bytes: number;
                /** @description bytes of the output that one run stores, if response_limit allows as many */
                output_bytes: number;
                /** @description schedules that exist at once, completed and archived ones included */
                schedules: number;
                /** @description seconds that lie at least between two slots of a schedule */
                smallest_period: number;
                /** @description targets that exist at once */
                targets: number;
            };
            /** @description Defaults of the workspace. */
            settings: {
                /**
                 * @description The time zone of new schedules.
                 * @example UTC
                 */
                timezone: string;
            } & {
                [key: string]: unknown;
            };
            /**
             * @description Its short name.
             * @example acme
             */
            slug: string;
            /**
             * Format: date-time
             * @description When it was changed last.
             * @example 2026-03-08T09:00:00.000Z
             */
            updated_at: string;
            /**
             * @description Counts the changes; send it back to change only what you have seen.
             * @example 3
             */
            version: number;
            /**
             * @description Its share where workspaces take turns.
             * @example 1
             */
            weight: number;
        };
        WorkspaceBody: {
            /**
             * Allowed Hosts
             * @description the hosts that targets and audiences of the workspace may reach, of those that the server allows: names, *.name for all names below one, addresses, networks; * (the default) stands for every host
             * @default null
             */
            allowed_hosts?: string[] | null;
            /** Name */
            name: string;
            /**
             * Quotas
             * @description schedules: schedules that exist at once, completed and archived ones included; targets: targets that exist at once; smallest_period: seconds that lie at least between two slots of a schedule; fires_per_hour: slots of all schedules together, each schedule counted with its busiest hour; audience_rows: rows of the audience of one fire; concurrency: runs that each worker process has under way at once; input_bytes: bytes of the input that one schedule or one run stores; output_bytes: bytes of the output that one run stores, if response_limit allows as many; bulk_lines: lines of one bulk request or import
             * @default null
             */
            quotas?: {
                [key: string]: unknown;
            } | null;
            /**
             * Settings
             * @description timezone: the default of new schedules
             * @default null
             */
            settings?: {
                [key: string]: unknown;
            } | null;
            /**
             * Slug
             * @description short name in lower case; made from the name where it is left out
             * @default null
             */
            slug?: string | null;
            /**
             * Weight
             * @description 1 to 100: the share of the workspace where workspaces take turns
             * @default null
             */
            weight?: number | null;
        };
        /** @description A workspace with what it uses. */
        WorkspaceInFull: {
            /** @description The hosts that its targets and audiences may reach. */
            allowed_hosts: string[];
            /**
             * Format: date-time
             * @description When it was made.
             * @example 2026-03-08T09:00:00.000Z
             */
            created_at: string;
            /**
             * Format: date-time
             * @description When it was deleted.
             * @example 2026-03-08T09:00:00.000Z
             */
            deleted_at: string | null;
            /**
             * @description The id of the workspace.
             * @example ws_01KJMMA2G0ET89C00HHC3ZY6K7
             */
            id: string;
            /**
             * @description The name for people.
             * @example Acme
             */
            name: string;
            pause: components["schemas"]["Pause"] | null;
            /**
             * Format: date-time
             * @description From when on it cannot be had back.
             * @example 2026-03-08T09:00:00.000Z
             */
            purged_at: string | null;
            /** @description How much it may have and do. */
            quotas: {
                /** @description rows of the audience of one fire */
                audience_rows: number;
                /** @description lines of one bulk request or import */
                bulk_lines: number;
                /** @description runs that each worker process has under way at once */
                concurrency: number;
                /** @description slots of all schedules together, each schedule counted with its busiest hour */
                fires_per_hour: number;
                /** @description bytes of the input that one schedule or one run stores */
                input_bytes: number;
                /** @description bytes of the output that one run stores, if response_limit allows as many */
                output_bytes: number;
                /** @description schedules that exist at once, completed and archived ones included */
                schedules: number;
                /** @description seconds that lie at least between two slots of a schedule */
                smallest_period: number;
                /** @description targets that exist at once */
                targets: number;
            };
            /** @description Defaults of the workspace. */
            settings: {
                /**
                 * @description The time zone of new schedules.
                 * @example UTC
                 */
                timezone: string;
            } & {
                [key: string]: unknown;
            };
            /**
             * @description Its short name.
             * @example acme
             */
            slug: string;
            /**
             * Format: date-time
             * @description When it was changed last.
             * @example 2026-03-08T09:00:00.000Z
             */
            updated_at: string;
            /** @description What it uses, under the names of the quotas. */
            usage: {
                /** @description How much. */
                fires_per_hour: number;
                /** @description How much. */
                schedules: number;
                /** @description How much. */
                targets: number;
            };
            /**
             * @description Counts the changes; send it back to change only what you have seen.
             * @example 3
             */
            version: number;
            /**
             * @description Its share where workspaces take turns.
             * @example 1
             */
            weight: number;
        };
        /** @description A page of workspaces. */
        WorkspacePage: {
            /** @description The items of this page. */
            items: components["schemas"]["Workspace"][];
            /** @description Send it as cursor for the next page; null: this is the last. */
            next_cursor: string | null;
        };
        WorkspacePatch: {
            /**
             * Allowed Hosts
             * @description the hosts that targets and audiences of the workspace may reach, of those that the server allows: names, *.name for all names below one, addresses, networks; * (the default) stands for every host. Needs workspaces:admin
             * @default null
             */
            allowed_hosts?: string[] | null;
            /**
             * Name
             * @default null
             */
            name?: string | null;
            /**
             * Quotas
             * @description schedules: schedules that exist at once, completed and archived ones included; targets: targets that exist at once; smallest_period: seconds that lie at least between two slots of a schedule; fires_per_hour: slots of all schedules together, each schedule counted with its busiest hour; audience_rows: rows of the audience of one fire; concurrency: runs that each worker process has under way at once; input_bytes: bytes of the input that one schedule or one run stores; output_bytes: bytes of the output that one run stores, if response_limit allows as many; bulk_lines: lines of one bulk request or import. Merged; null sets a quota back to its default. Needs workspaces:admin
             * @default null
             */
            quotas?: {
                [key: string]: unknown;
            } | null;
            /**
             * Settings
             * @description merged; null takes a setting away
             * @default null
             */
            settings?: {
                [key: string]: unknown;
            } | null;
            /**
             * Version
             * @default null
             */
            version?: number | null;
            /**
             * Weight
             * @description 1 to 100: the share of the workspace where workspaces take turns. Needs workspaces:admin
             * @default null
             */
            weight?: number | null;
        };
        WorkspacePauseBody: {
            /**
             * Catch Up
             * @description what becomes of the slots of the pause when it is over: none, latest or all fire (all as overlap lets); none where it is not given; slots before a change of what the schedule does are given up. Of something that is paused, null takes away what was said before: then it is none
             * @default null
             */
            catch_up?: ("latest" | "all" | "none") | null;
            /**
             * From
             * @description when it begins, which is not in the past; now, if it is not given. A planned one needs until
             * @default null
             */
            from?: string | null;
            /**
             * Note
             * @description why. Of something that is paused, null takes away what was said before
             * @default null
             */
            note?: string | null;
            /**
             * Until
             * @description when it resumes by itself; without it somebody has to resume it. Of something that is paused, null takes away what was said before
             * @default null
             */
            until?: string | null;
        };
        WorkspaceResumeBody: {
            /**
             * Catch Up
             * @description what becomes of the slots of the pause when it is over: none, latest or all fire (all as overlap lets); where it is not given, as was said when it was paused
             * @default null
             */
            catch_up?: ("latest" | "all" | "none") | null;
        };
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: {
        /** @description The version of what is answered, to be sent as If-Match with a change. Where it has one. */
        ETag: string;
        /** @description true where a request came before with the same Idempotency-Key; nothing was done anew. */
        "Idempotent-Replayed": string;
        /** @description How many units the key has left (r), and in how many seconds it has all again (t). With every answer to a key, where the server has a rate limit. */
        RateLimit: string;
        /** @description How many units the key has in all (q), and in how many seconds they come back (w). */
        "RateLimit-Policy": string;
        /** @description Seconds after which the request may be sent again. With 429 and 503. */
        "Retry-After": string;
        /** @description The name of the request in the log of the server and in the audit log. With every answer. */
        "X-Request-Id": string;
    };
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    "home.get": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Home"];
                };
            };
            /** @description The request cannot be accepted: errors names every problem. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A valid API key is needed. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key may not do that, or a quota is reached. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests: come back after Retry-After seconds. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Something went wrong on the server; its log has the details. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server cannot do this now: come back after Retry-After seconds. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "actions.list": {
        parameters: {
            query?: {
                /** @description how many; 50, at most 1000 */
                limit?: number;
                /** @description next_cursor of the page before */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ActionPage"];
                };
            };
            /** @description The request cannot be accepted: errors names every problem. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A valid API key is needed. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key may not do that, or a quota is reached. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests: come back after Retry-After seconds. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Something went wrong on the server; its log has the details. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server cannot do this now: come back after Retry-After seconds. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "actions.get": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description an id, as answers show it */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Action"];
                };
            };
            /** @description The request cannot be accepted: errors names every problem. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A valid API key is needed. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key may not do that, or a quota is reached. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It does not exist in this workspace. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests: come back after Retry-After seconds. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Something went wrong on the server; its log has the details. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server cannot do this now: come back after Retry-After seconds. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "actions.cancel": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description an id, as answers show it */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Action"];
                };
            };
            /** @description The request cannot be accepted: errors names every problem. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A valid API key is needed. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key may not do that, or a quota is reached. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It does not exist in this workspace. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It contradicts what is stored: a key that is taken, an outdated version, a state that forbids it. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests: come back after Retry-After seconds. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Something went wrong on the server; its log has the details. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server cannot do this now: come back after Retry-After seconds. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "audiences.list": {
        parameters: {
            query?: {
                /** @description whether the answer says how many items there are on all pages */
                total?: boolean;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AudienceSourceList"];
                };
            };
            /** @description The request cannot be accepted: errors names every problem. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A valid API key is needed. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key may not do that, or a quota is reached. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests: come back after Retry-After seconds. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Something went wrong on the server; its log has the details. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server cannot do this now: come back after Retry-After seconds. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "audiences.preview": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "audience": {
                 *         "filter": {},
                 *         "type": "users"
                 *       },
                 *       "sample": 3
                 *     }
                 */
                "application/json": components["schemas"]["AudienceBody"];
            };
        };
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AudiencePreview"];
                };
            };
            /** @description The request cannot be accepted: errors names every problem. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A valid API key is needed. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key may not do that, or a quota is reached. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It contradicts what is stored: a key that is taken, an outdated version, a state that forbids it. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests: come back after Retry-After seconds. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Something went wrong on the server; its log has the details. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server cannot do this now: come back after Retry-After seconds. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "audiences.get": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description the name of an audience source */
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AudienceSource"];
                };
            };
            /** @description The request cannot be accepted: errors names every problem. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A valid API key is needed. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key may not do that, or a quota is reached. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It does not exist in this workspace. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests: come back after Retry-After seconds. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Something went wrong on the server; its log has the details. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server cannot do this now: come back after Retry-After seconds. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "audiences.put": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description the name of an audience source */
                name: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "config": {
                 *         "url": "https://example.com/people"
                 *       },
                 *       "type": "http"
                 *     }
                 */
                "application/json": components["schemas"]["SourceBody"];
            };
        };
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AudienceSource"];
                };
            };
            /** @description The request cannot be accepted: errors names every problem. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A valid API key is needed. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key may not do that, or a quota is reached. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It does not exist in this workspace. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It contradicts what is stored: a key that is taken, an outdated version, a state that forbids it. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests: come back after Retry-After seconds. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Something went wrong on the server; its log has the details. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server cannot do this now: come back after Retry-After seconds. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "audiences.delete": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description the name of an audience source */
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is done; the answer is empty. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The request cannot be accepted: errors names every problem. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A valid API key is needed. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key may not do that, or a quota is reached. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It does not exist in this workspace. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It contradicts what is stored: a key that is taken, an outdated version, a state that forbids it. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests: come back after Retry-After seconds. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Something went wrong on the server; its log has the details. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server cannot do this now: come back after Retry-After seconds. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "audiences.list_shares": {
        parameters: {
            query?: {
                /** @description how many; 50, at most 1000 */
                limit?: number;
                /** @description next_cursor of the page before */
                cursor?: string;
            };
            header?: never;
            path: {
                /** @description the name of an audience source */
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SourceSharePage"];
                };
            };
            /** @description The request cannot be accepted: errors names every problem. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A valid API key is needed. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key may not do that, or a quota is reached. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It does not exist in this workspace. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests: come back after Retry-After seconds. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Something went wrong on the server; its log has the details. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server cannot do this now: come back after Retry-After seconds. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "audiences.share": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description the name of an audience source */
                name: string;
                /** @description workspace */
                workspace: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                /**
                 * @example {
                 *       "name": "people"
                 *     }
                 */
                "application/json": components["schemas"]["SourceShareBody"];
            };
        };
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SourceShare"];
                };
            };
            /** @description It was shared. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SourceShare"];
                };
            };
            /** @description The request cannot be accepted: errors names every problem. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A valid API key is needed. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key may not do that, or a quota is reached. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It does not exist in this workspace. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It contradicts what is stored: a key that is taken, an outdated version, a state that forbids it. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests: come back after Retry-After seconds. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Something went wrong on the server; its log has the details. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server cannot do this now: come back after Retry-After seconds. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "audiences.unshare": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description the name of an audience source */
                name: string;
                /** @description workspace */
                workspace: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is done; the answer is empty. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The request cannot be accepted: errors names every problem. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A valid API key is needed. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key may not do that, or a quota is reached. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It does not exist in this workspace. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It contradicts what is stored: a key that is taken, an outdated version, a state that forbids it. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests: come back after Retry-After seconds. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Something went wrong on the server; its log has the details. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server cannot do this now: come back after Retry-After seconds. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "audit.list": {
        parameters: {
            query?: {
                /** @description an action such as key.created, or all of one kind: key */
                action?: string;
                /** @description the id of what was changed, such as sch_01J..., or a name such as audience:people */
                subject?: string;
                /** @description the id of who did it */
                principal?: string;
                /** @description the X-Request-Id of the request */
                request?: string;
                /** @description only what was done at or after this time */
                since?: string;
                /** @description only what was done before this time */
                until?: string;
                /** @description how many; 50, at most 1000 */
                limit?: number;
                /** @description next_cursor of the page before */
                cursor?: string;
                /** @description whether the answer says how many items there are on all pages */
                total?: boolean;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AuditPage"];
                };
            };
            /** @description The request cannot be accepted: errors names every problem. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A valid API key is needed. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key may not do that, or a quota is reached. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests: come back after Retry-After seconds. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Something went wrong on the server; its log has the details. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server cannot do this now: come back after Retry-After seconds. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "audit.erase": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "principal": "prn_01KJMMA2G0ET89C00HHC3ZY6K7"
                 *     }
                 */
                "application/json": components["schemas"]["ErasureBody"];
            };
        };
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Erased"];
                };
            };
            /** @description The request cannot be accepted: errors names every problem. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A valid API key is needed. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key may not do that, or a quota is reached. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It contradicts what is stored: a key that is taken, an outdated version, a state that forbids it. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests: come back after Retry-After seconds. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Something went wrong on the server; its log has the details. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server cannot do this now: come back after Retry-After seconds. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "audit.export": {
        parameters: {
            query?: {
                /** @description only what was done at or after this time */
                since?: string;
                /** @description only what was done before this time */
                until?: string;
                /** @description true: the chain with its hashes, as `horarium audit verify` reads it */
                proof?: boolean;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/x-ndjson": components["schemas"]["AuditLine"];
                };
            };
            /** @description The request cannot be accepted: errors names every problem. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A valid API key is needed. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key may not do that, or a quota is reached. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests: come back after Retry-After seconds. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Something went wrong on the server; its log has the details. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server cannot do this now: come back after Retry-After seconds. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "directory.list": {
        parameters: {
            query?: {
                /** @description how many; 50, at most 1000 */
                limit?: number;
                /** @description next_cursor of the page before */
                cursor?: string;
            };
            header?: never;
            path: {
                /** @description a kind of directory items, such as users */
                kind: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DirectoryPage"];
                };
            };
            /** @description The request cannot be accepted: errors names every problem. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A valid API key is needed. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key may not do that, or a quota is reached. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It does not exist in this workspace. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests: come back after Retry-After seconds. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Something went wrong on the server; its log has the details. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server cannot do this now: come back after Retry-After seconds. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "directory.put": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description a kind of directory items, such as users */
                kind: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example [
                 *       {
                 *         "email": "ann@example.com",
                 *         "id": "u1",
                 *         "name": "Ann",
                 *         "roles": [
                 *           "owner"
                 *         ]
                 *       }
                 *     ]
                 */
                "application/json": Record<string, never>[];
            };
        };
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Imported"];
                };
            };
            /** @description Some lines were refused. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] | components["schemas"]["ImportProblem"];
                };
            };
            /** @description A valid API key is needed. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key may not do that, or a quota is reached. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It does not exist in this workspace. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It contradicts what is stored: a key that is taken, an outdated version, a state that forbids it. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests: come back after Retry-After seconds. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Something went wrong on the server; its log has the details. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server cannot do this now: come back after Retry-After seconds. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "directory.get": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description a kind of directory items, such as users */
                kind: string;
                /** @description an id, as answers show it */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DirectoryItem"];
                };
            };
            /** @description The request cannot be accepted: errors names every problem. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A valid API key is needed. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key may not do that, or a quota is reached. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It does not exist in this workspace. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests: come back after Retry-After seconds. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Something went wrong on the server; its log has the details. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server cannot do this now: come back after Retry-After seconds. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "directory.delete": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description a kind of directory items, such as users */
                kind: string;
                /** @description an id, as answers show it */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is done; the answer is empty. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The request cannot be accepted: errors names every problem. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A valid API key is needed. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key may not do that, or a quota is reached. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It does not exist in this workspace. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It contradicts what is stored: a key that is taken, an outdated version, a state that forbids it. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests: come back after Retry-After seconds. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Something went wrong on the server; its log has the details. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server cannot do this now: come back after Retry-After seconds. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "erasures.list": {
        parameters: {
            query?: {
                /** @description how many; 50, at most 1000 */
                limit?: number;
                /** @description next_cursor of the page before */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErasurePage"];
                };
            };
            /** @description The request cannot be accepted: errors names every problem. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A valid API key is needed. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key may not do that, or a quota is reached. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests: come back after Retry-After seconds. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Something went wrong on the server; its log has the details. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server cannot do this now: come back after Retry-After seconds. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "erasures.create": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "person": "u42",
                 *       "values": [
                 *         "ann@example.com"
                 *       ]
                 *     }
                 */
                "application/json": components["schemas"]["PersonBody"];
            };
        };
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Erasure"];
                };
            };
            /** @description It was begun, and the server goes on with it. */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Erasure"];
                };
            };
            /** @description The request cannot be accepted: errors names every problem. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A valid API key is needed. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key may not do that, or a quota is reached. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It contradicts what is stored: a key that is taken, an outdated version, a state that forbids it. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests: come back after Retry-After seconds. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Something went wrong on the server; its log has the details. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server cannot do this now: come back after Retry-After seconds. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "erasures.get": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description an id, as answers show it */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Erasure"];
                };
            };
            /** @description The request cannot be accepted: errors names every problem. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A valid API key is needed. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key may not do that, or a quota is reached. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It does not exist in this workspace. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests: come back after Retry-After seconds. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Something went wrong on the server; its log has the details. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server cannot do this now: come back after Retry-After seconds. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "events.list": {
        parameters: {
            query?: {
                /** @description a type such as fire.failed, or all of one kind: fire.* */
                type?: string;
                /** @description name:value; only events of schedules that carry it; several must all be there */
                label?: string[];
                /** @description id of a schedule */
                schedule?: string;
                /** @description the key of a schedule, instead of its id */
                schedule_key?: string;
                /** @description only events told at or after this time */
                since?: string;
                /** @description id of an event: only what came after it */
                after?: string;
                /** @description newest (the default) or oldest first */
                order?: "newest" | "oldest";
                /** @description how many; 50, at most 1000 */
                limit?: number;
                /** @description next_cursor of the page before */
                cursor?: string;
                /** @description whether the answer says how many items there are on all pages */
                total?: boolean;
            };
            header?: {
                /** @description of a stream: the last id that it has told, of an event or a position; it goes on after that */
                "Last-Event-ID"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["EventPage"];
                    "text/event-stream": components["schemas"]["EventMessage"];
                };
            };
            /** @description The request cannot be accepted: errors names every problem. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A valid API key is needed. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key may not do that, or a quota is reached. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests: come back after Retry-After seconds. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Something went wrong on the server; its log has the details. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server cannot do this now: come back after Retry-After seconds. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "events.get": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description an id, as answers show it */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Event"];
                };
            };
            /** @description The request cannot be accepted: errors names every problem. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A valid API key is needed. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key may not do that, or a quota is reached. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It does not exist in this workspace. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests: come back after Retry-After seconds. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Something went wrong on the server; its log has the details. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server cannot do this now: come back after Retry-After seconds. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "fires.list": {
        parameters: {
            query?: {
                /** @description one of clock, manual, backfill */
                kind?: "clock" | "manual" | "backfill";
                /** @description one of waiting, resolving, running, completed, partial, failed, cancelled */
                state?: "waiting" | "resolving" | "running" | "completed" | "partial" | "failed" | "cancelled";
                /** @description id, key or number of a target */
                target?: string;
                /** @description id of a schedule */
                schedule?: string;
                /** @description the key of a schedule, instead of its id */
                schedule_key?: string;
                /** @description name:value; several must all match; those of the schedule */
                label?: string[];
                /** @description the first slot */
                from?: string;
                /** @description the last slot */
                to?: string;
                /** @description how many; 50, at most 1000; a page may hold fewer than limit, or none, while next_cursor says where to go on */
                limit?: number;
                /** @description next_cursor of the page before */
                cursor?: string;
                /** @description whether the answer says how many items there are on all pages */
                total?: boolean;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FirePage"];
                };
            };
            /** @description The request cannot be accepted: errors names every problem. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A valid API key is needed. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key may not do that, or a quota is reached. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests: come back after Retry-After seconds. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Something went wrong on the server; its log has the details. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server cannot do this now: come back after Retry-After seconds. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "fires.get": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description an id, as answers show it */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Fire"];
                };
            };
            /** @description The request cannot be accepted: errors names every problem. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A valid API key is needed. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key may not do that, or a quota is reached. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It does not exist in this workspace. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests: come back after Retry-After seconds. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Something went wrong on the server; its log has the details. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server cannot do this now: come back after Retry-After seconds. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "health.alive": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Health"];
                };
            };
            /** @description The request cannot be accepted: errors names every problem. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Something went wrong on the server; its log has the details. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server cannot do this now: come back after Retry-After seconds. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "keys.list": {
        parameters: {
            query?: {
                /** @description how many; 50, at most 1000 */
                limit?: number;
                /** @description next_cursor of the page before */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["KeyPage"];
                };
            };
            /** @description The request cannot be accepted: errors names every problem. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A valid API key is needed. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key may not do that, or a quota is reached. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests: come back after Retry-After seconds. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Something went wrong on the server; its log has the details. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server cannot do this now: come back after Retry-After seconds. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "keys.create": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "name": "Reports",
                 *       "scopes": [
                 *         "runs:read"
                 *       ]
                 *     }
                 */
                "application/json": components["schemas"]["KeyBody"];
            };
        };
        responses: {
            /** @description It is done. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["NewKey"];
                };
            };
            /** @description The request cannot be accepted: errors names every problem. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A valid API key is needed. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key may not do that, or a quota is reached. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It contradicts what is stored: a key that is taken, an outdated version, a state that forbids it. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests: come back after Retry-After seconds. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Something went wrong on the server; its log has the details. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server cannot do this now: come back after Retry-After seconds. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "keys.get": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description an id, as answers show it */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Key"];
                };
            };
            /** @description The request cannot be accepted: errors names every problem. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A valid API key is needed. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key may not do that, or a quota is reached. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It does not exist in this workspace. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests: come back after Retry-After seconds. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Something went wrong on the server; its log has the details. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server cannot do this now: come back after Retry-After seconds. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "keys.revoke": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description an id, as answers show it */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Key"];
                };
            };
            /** @description The request cannot be accepted: errors names every problem. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A valid API key is needed. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key may not do that, or a quota is reached. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It does not exist in this workspace. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It contradicts what is stored: a key that is taken, an outdated version, a state that forbids it. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests: come back after Retry-After seconds. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Something went wrong on the server; its log has the details. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server cannot do this now: come back after Retry-After seconds. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "keys.rotate": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description an id, as answers show it */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                /**
                 * @example {
                 *       "overlap": "1h"
                 *     }
                 */
                "application/json": components["schemas"]["RotationBody"];
            };
        };
        responses: {
            /** @description It is done. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["NewKey"];
                };
            };
            /** @description The request cannot be accepted: errors names every problem. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A valid API key is needed. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key may not do that, or a quota is reached. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It does not exist in this workspace. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It contradicts what is stored: a key that is taken, an outdated version, a state that forbids it. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests: come back after Retry-After seconds. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Something went wrong on the server; its log has the details. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server cannot do this now: come back after Retry-After seconds. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "ledger.list": {
        parameters: {
            query?: {
                /** @description fire or span; both where it is left out */
                entry?: "fire" | "span";
                /** @description only spans with this reason: one of skipped, unbegun, missed, paused, workspace_paused, maintenance, cancelled */
                reason?: "skipped" | "unbegun" | "missed" | "paused" | "workspace_paused" | "maintenance" | "cancelled";
                /** @description id of a schedule */
                schedule?: string;
                /** @description the key of a schedule, instead of its id */
                schedule_key?: string;
                /** @description name:value; several must all match; those of the schedule */
                label?: string[];
                /** @description the first slot */
                from?: string;
                /** @description the last slot; now */
                to?: string;
                /** @description how many; 50, at most 1000; a page may hold fewer than limit, or none, while next_cursor says where to go on */
                limit?: number;
                /** @description next_cursor of the page before */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LedgerPage"];
                };
            };
            /** @description The request cannot be accepted: errors names every problem. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A valid API key is needed. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key may not do that, or a quota is reached. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests: come back after Retry-After seconds. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Something went wrong on the server; its log has the details. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server cannot do this now: come back after Retry-After seconds. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "me.get": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Me"];
                };
            };
            /** @description The request cannot be accepted: errors names every problem. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A valid API key is needed. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key may not do that, or a quota is reached. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests: come back after Retry-After seconds. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Something went wrong on the server; its log has the details. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server cannot do this now: come back after Retry-After seconds. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "health.metrics": {
        parameters: {
            query?: {
                /** @description the id of a workspace, or *: its figures by target instead, which need a key of the whole server */
                workspace?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/plain": components["schemas"]["Metrics"];
                };
            };
            /** @description The request cannot be accepted: errors names every problem. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A valid API key is needed. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key may not do that, or a quota is reached. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests: come back after Retry-After seconds. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Something went wrong on the server; its log has the details. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server cannot do this now: come back after Retry-After seconds. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "principals.list": {
        parameters: {
            query?: {
                /** @description how many; 50, at most 1000 */
                limit?: number;
                /** @description next_cursor of the page before */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PrincipalPage"];
                };
            };
            /** @description The request cannot be accepted: errors names every problem. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A valid API key is needed. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key may not do that, or a quota is reached. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests: come back after Retry-After seconds. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Something went wrong on the server; its log has the details. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server cannot do this now: come back after Retry-After seconds. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "principals.create": {
        parameters: {
            query?: never;
            header?: {
                /** @description the same key and body within a day are one request */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "grants": [
                 *         "*"
                 *       ],
                 *       "name": "Reports",
                 *       "type": "service"
                 *     }
                 */
                "application/json": components["schemas"]["PrincipalBody"];
            };
        };
        responses: {
            /** @description It is done. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Principal"];
                };
            };
            /** @description The request cannot be accepted: errors names every problem. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A valid API key is needed. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key may not do that, or a quota is reached. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It contradicts what is stored: a key that is taken, an outdated version, a state that forbids it. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests: come back after Retry-After seconds. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Something went wrong on the server; its log has the details. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server cannot do this now: come back after Retry-After seconds. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "principals.get": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description an id, as answers show it */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Principal"];
                };
            };
            /** @description The request cannot be accepted: errors names every problem. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A valid API key is needed. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key may not do that, or a quota is reached. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It does not exist in this workspace. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests: come back after Retry-After seconds. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Something went wrong on the server; its log has the details. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server cannot do this now: come back after Retry-After seconds. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "principals.delete": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description an id, as answers show it */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is done; the answer is empty. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The request cannot be accepted: errors names every problem. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A valid API key is needed. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key may not do that, or a quota is reached. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It does not exist in this workspace. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It contradicts what is stored: a key that is taken, an outdated version, a state that forbids it. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests: come back after Retry-After seconds. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Something went wrong on the server; its log has the details. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server cannot do this now: come back after Retry-After seconds. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "principals.list_grants": {
        parameters: {
            query?: {
                /** @description how many; 50, at most 1000 */
                limit?: number;
                /** @description next_cursor of the page before */
                cursor?: string;
            };
            header?: never;
            path: {
                /** @description an id, as answers show it */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Grants"];
                };
            };
            /** @description The request cannot be accepted: errors names every problem. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A valid API key is needed. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key may not do that, or a quota is reached. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It does not exist in this workspace. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests: come back after Retry-After seconds. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Something went wrong on the server; its log has the details. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server cannot do this now: come back after Retry-After seconds. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "principals.grant": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description an id, as answers show it */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "targets": [
                 *         "*"
                 *       ]
                 *     }
                 */
                "application/json": components["schemas"]["GrantsBody"];
            };
        };
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Grants"];
                };
            };
            /** @description The request cannot be accepted: errors names every problem. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A valid API key is needed. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key may not do that, or a quota is reached. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It does not exist in this workspace. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It contradicts what is stored: a key that is taken, an outdated version, a state that forbids it. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests: come back after Retry-After seconds. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Something went wrong on the server; its log has the details. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server cannot do this now: come back after Retry-After seconds. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "principals.ungrant": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description an id, as answers show it */
                id: string;
                /** @description the id, the key or the number of a target; * stands for all */
                target: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is done; the answer is empty. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The request cannot be accepted: errors names every problem. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A valid API key is needed. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key may not do that, or a quota is reached. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It does not exist in this workspace. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It contradicts what is stored: a key that is taken, an outdated version, a state that forbids it. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests: come back after Retry-After seconds. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Something went wrong on the server; its log has the details. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server cannot do this now: come back after Retry-After seconds. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "health.ready": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Readiness"];
                };
            };
            /** @description The request cannot be accepted: errors names every problem. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Something went wrong on the server; its log has the details. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server cannot do this now: come back after Retry-After seconds. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Readiness"];
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "runs.list": {
        parameters: {
            query?: {
                /** @description id of a schedule */
                schedule?: string;
                /** @description the key of a schedule, instead of its id */
                schedule_key?: string;
                /** @description id of a fire */
                fire?: string;
                /** @description id, key or number of a target */
                target?: string;
                /** @description one of open, pending, running, succeeded, failed, cancelled, waiting; open is what is not over: running is what is under way of it, waiting (or pending) what is not */
                state?: "open" | "pending" | "running" | "succeeded" | "failed" | "cancelled" | "waiting";
                /** @description name:value; several must all match; those of the schedule */
                label?: string[];
                /** @description the key of a row of an audience: the runs for one person or thing, by their fires */
                row_key?: string;
                /** @description the first slot; of runs without one, when they were asked for */
                from?: string;
                /** @description the last slot */
                to?: string;
                /** @description input, row or both: what the run was given by its schedule, and by its audience */
                include?: "input" | "row" | "input,row" | "row,input";
                /** @description how many; 50, at most 1000; a page may hold fewer than limit, or none, while next_cursor says where to go on */
                limit?: number;
                /** @description next_cursor of the page before */
                cursor?: string;
                /** @description whether the answer says how many items there are on all pages */
                total?: boolean;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RunPage"];
                };
            };
            /** @description The request cannot be accepted: errors names every problem. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A valid API key is needed. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key may not do that, or a quota is reached. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests: come back after Retry-After seconds. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Something went wrong on the server; its log has the details. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server cannot do this now: come back after Retry-After seconds. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "runs.act": {
        parameters: {
            query?: never;
            header?: {
                /** @description the same key and body within a day are one request */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "action": "retry",
                 *       "dry_run": true,
                 *       "filter": {
                 *         "from": "2026-01-05T00:00:00Z"
                 *       }
                 *     }
                 */
                "application/json": components["schemas"]["RunActionBody"];
            };
        };
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ActionOrTrial"];
                };
            };
            /** @description It was taken, and the server goes on with it. */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Action"];
                };
            };
            /** @description The request cannot be accepted: errors names every problem. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A valid API key is needed. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key may not do that, or a quota is reached. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It contradicts what is stored: a key that is taken, an outdated version, a state that forbids it. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests: come back after Retry-After seconds. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Something went wrong on the server; its log has the details. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server cannot do this now: come back after Retry-After seconds. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "runs.get": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description an id, as answers show it */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RunInFull"];
                };
            };
            /** @description The request cannot be accepted: errors names every problem. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A valid API key is needed. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key may not do that, or a quota is reached. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It does not exist in this workspace. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests: come back after Retry-After seconds. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Something went wrong on the server; its log has the details. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server cannot do this now: come back after Retry-After seconds. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "runs.cancel": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description an id, as answers show it */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Run"];
                };
            };
            /** @description The request cannot be accepted: errors names every problem. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A valid API key is needed. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key may not do that, or a quota is reached. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It does not exist in this workspace. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It contradicts what is stored: a key that is taken, an outdated version, a state that forbids it. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests: come back after Retry-After seconds. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Something went wrong on the server; its log has the details. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server cannot do this now: come back after Retry-After seconds. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "runs.complete": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description an id, as answers show it */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                /**
                 * @example {
                 *       "output": {
                 *         "sent": 3
                 *       }
                 *     }
                 */
                "application/json": components["schemas"]["CompleteBody"];
            };
        };
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Run"];
                };
            };
            /** @description The request cannot be accepted: errors names every problem. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A valid API key is needed. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key may not do that, or a quota is reached. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It does not exist in this workspace. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It contradicts what is stored: a key that is taken, an outdated version, a state that forbids it. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests: come back after Retry-After seconds. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Something went wrong on the server; its log has the details. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server cannot do this now: come back after Retry-After seconds. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "runs.fail": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description an id, as answers show it */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                /**
                 * @example {
                 *       "error": "The mailbox is full"
                 *     }
                 */
                "application/json": components["schemas"]["FailBody"];
            };
        };
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Run"];
                };
            };
            /** @description The request cannot be accepted: errors names every problem. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A valid API key is needed. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key may not do that, or a quota is reached. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It does not exist in this workspace. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It contradicts what is stored: a key that is taken, an outdated version, a state that forbids it. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests: come back after Retry-After seconds. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Something went wrong on the server; its log has the details. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server cannot do this now: come back after Retry-After seconds. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "runs.heartbeat": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description an id, as answers show it */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                /**
                 * @example {
                 *       "output": {
                 *         "sent": 1
                 *       }
                 *     }
                 */
                "application/json": components["schemas"]["CompleteBody"];
            };
        };
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Run"];
                };
            };
            /** @description The request cannot be accepted: errors names every problem. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A valid API key is needed. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key may not do that, or a quota is reached. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It does not exist in this workspace. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It contradicts what is stored: a key that is taken, an outdated version, a state that forbids it. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests: come back after Retry-After seconds. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Something went wrong on the server; its log has the details. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server cannot do this now: come back after Retry-After seconds. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "runs.request": {
        parameters: {
            query?: {
                /** @description its number; the latest */
                attempt?: string;
            };
            header?: never;
            path: {
                /** @description an id, as answers show it */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SentRequest"];
                };
            };
            /** @description The request cannot be accepted: errors names every problem. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A valid API key is needed. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key may not do that, or a quota is reached. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It does not exist in this workspace. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests: come back after Retry-After seconds. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Something went wrong on the server; its log has the details. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server cannot do this now: come back after Retry-After seconds. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "runs.retry": {
        parameters: {
            query?: never;
            header?: {
                /** @description the same key and body within a day are one request */
                "Idempotency-Key"?: string;
            };
            path: {
                /** @description an id, as answers show it */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is done. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Run"];
                };
            };
            /** @description The request cannot be accepted: errors names every problem. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A valid API key is needed. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key may not do that, or a quota is reached. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It does not exist in this workspace. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It contradicts what is stored: a key that is taken, an outdated version, a state that forbids it. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests: come back after Retry-After seconds. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Something went wrong on the server; its log has the details. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server cannot do this now: come back after Retry-After seconds. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "schedules.list": {
        parameters: {
            query?: {
                /** @description one of active, paused, completed, archived */
                state?: "active" | "paused" | "completed" | "archived";
                /** @description true: only those whose latest fire that ended has failed; false: only the others */
                failing?: boolean;
                /** @description how the last fire ended or stands: one of waiting, resolving, running, completed, partial, failed, cancelled */
                last_state?: "waiting" | "resolving" | "running" | "completed" | "partial" | "failed" | "cancelled";
                /** @description only those that fire next before this instant */
                next_fire_before?: string;
                /** @description how the key that its maker chose begins */
                key_prefix?: string;
                /** @description id of the principal that made it */
                created_by?: string;
                /** @description one of native, autessa, cadenya, m9m, trustpager, uranus */
                dialect?: string;
                /** @description id, key or number of a target */
                target?: string;
                /** @description the key that its maker chose, whole; schedules of our own API have one */
                key?: string;
                /** @description part of the name, the key, the description or the input */
                search?: string;
                /** @description name:value; several must all match */
                label?: string[];
                /** @description desc (newest first) or asc, by when it was made; name or -name; next_fire (the soonest first, then those without one); last_fire (by the last slot that fired, the latest first, then those that never fired) */
                sort?: "desc" | "asc" | "name" | "-name" | "next_fire" | "last_fire";
                /** @description how many; 50, at most 1000; a page may hold fewer than limit, or none, while next_cursor says where to go on */
                limit?: number;
                /** @description next_cursor of the page before */
                cursor?: string;
                /** @description whether the answer says how many items there are on all pages */
                total?: boolean;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SchedulePage"];
                };
            };
            /** @description The request cannot be accepted: errors names every problem. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A valid API key is needed. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key may not do that, or a quota is reached. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests: come back after Retry-After seconds. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Something went wrong on the server; its log has the details. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server cannot do this now: come back after Retry-After seconds. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "schedules.create": {
        parameters: {
            query?: never;
            header?: {
                /** @description the same key and body within a day are one request */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "input": {
                 *         "recipients": [
                 *           "team@example.com"
                 *         ]
                 *       },
                 *       "key": "customer-1/report",
                 *       "labels": {
                 *         "customer": "c1"
                 *       },
                 *       "name": "Morning report",
                 *       "policies": {
                 *         "catch_up": "latest",
                 *         "overlap": "skip",
                 *         "retry": {
                 *           "initial": "30s",
                 *           "max_attempts": 5
                 *         }
                 *       },
                 *       "recurrence": "0 9 * * 1-5",
                 *       "target": "report",
                 *       "timezone": "Europe/Paris"
                 *     }
                 */
                "application/json": components["schemas"]["ScheduleBody"];
            };
        };
        responses: {
            /** @description It is done. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Schedule"];
                };
            };
            /** @description The request cannot be accepted: errors names every problem. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A valid API key is needed. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key may not do that, or a quota is reached. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It contradicts what is stored: a key that is taken, an outdated version, a state that forbids it. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests: come back after Retry-After seconds. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Something went wrong on the server; its log has the details. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server cannot do this now: come back after Retry-After seconds. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "schedules.act": {
        parameters: {
            query?: never;
            header?: {
                /** @description the same key and body within a day are one request */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "action": "pause",
                 *       "dry_run": true,
                 *       "filter": {
                 *         "labels": {
                 *           "customer": "c1"
                 *         }
                 *       }
                 *     }
                 */
                "application/json": components["schemas"]["ScheduleActionBody"];
            };
        };
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ActionOrTrial"];
                };
            };
            /** @description It was taken, and the server goes on with it. */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Action"];
                };
            };
            /** @description The request cannot be accepted: errors names every problem. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A valid API key is needed. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key may not do that, or a quota is reached. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It contradicts what is stored: a key that is taken, an outdated version, a state that forbids it. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests: come back after Retry-After seconds. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Something went wrong on the server; its log has the details. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server cannot do this now: come back after Retry-After seconds. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "schedules.bulk": {
        parameters: {
            query?: {
                /** @description one of create, upsert; create where it is left out */
                mode?: "create" | "upsert";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {"name": "Morning report", "recurrence": "0 9 * * 1-5", "timezone": "Europe/Paris", "target": "report", "input": {"recipients": ["team@example.com"]}, "labels": {"customer": "c1"}, "policies": {"overlap": "skip", "catch_up": "latest", "retry": {"max_attempts": 5, "initial": "30s"}}, "key": "bulk-1"}
                 *     {"name": "Poll", "recurrence": {"every": "15m"}, "target": "report", "key": "bulk-2"}
                 */
                "application/x-ndjson": components["schemas"]["ScheduleBody"];
            };
        };
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/x-ndjson": components["schemas"]["BulkLine"];
                };
            };
            /** @description The request cannot be accepted: errors names every problem. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A valid API key is needed. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key may not do that, or a quota is reached. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It contradicts what is stored: a key that is taken, an outdated version, a state that forbids it. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests: come back after Retry-After seconds. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Something went wrong on the server; its log has the details. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server cannot do this now: come back after Retry-After seconds. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "schedules.get_by_key": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description the key that its maker chose, percent-encoded as one segment */
                key: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Schedule"];
                };
            };
            /** @description The request cannot be accepted: errors names every problem. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A valid API key is needed. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key may not do that, or a quota is reached. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It does not exist in this workspace. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests: come back after Retry-After seconds. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Something went wrong on the server; its log has the details. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server cannot do this now: come back after Retry-After seconds. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "schedules.put_by_key": {
        parameters: {
            query?: never;
            header?: {
                /** @description the version that the thing must be at */
                "If-Match"?: string;
            };
            path: {
                /** @description the key that its maker chose, percent-encoded as one segment */
                key: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "input": {
                 *         "recipients": [
                 *           "team@example.com"
                 *         ]
                 *       },
                 *       "labels": {
                 *         "customer": "c1"
                 *       },
                 *       "name": "Morning report",
                 *       "policies": {
                 *         "catch_up": "latest",
                 *         "overlap": "skip",
                 *         "retry": {
                 *           "initial": "30s",
                 *           "max_attempts": 5
                 *         }
                 *       },
                 *       "recurrence": "0 9 * * 1-5",
                 *       "target": "report",
                 *       "timezone": "Europe/Paris"
                 *     }
                 */
                "application/json": components["schemas"]["ScheduleBody"];
            };
        };
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Schedule"];
                };
            };
            /** @description It was made. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Schedule"];
                };
            };
            /** @description The request cannot be accepted: errors names every problem. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A valid API key is needed. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key may not do that, or a quota is reached. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It does not exist in this workspace. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It contradicts what is stored: a key that is taken, an outdated version, a state that forbids it. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests: come back after Retry-After seconds. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Something went wrong on the server; its log has the details. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server cannot do this now: come back after Retry-After seconds. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "schedules.delete_by_key": {
        parameters: {
            query?: never;
            header?: {
                /** @description the version that the thing must be at */
                "If-Match"?: string;
            };
            path: {
                /** @description the key that its maker chose, percent-encoded as one segment */
                key: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is done; the answer is empty. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The request cannot be accepted: errors names every problem. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A valid API key is needed. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key may not do that, or a quota is reached. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It does not exist in this workspace. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It contradicts what is stored: a key that is taken, an outdated version, a state that forbids it. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests: come back after Retry-After seconds. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Something went wrong on the server; its log has the details. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server cannot do this now: come back after Retry-After seconds. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "schedules.update_by_key": {
        parameters: {
            query?: never;
            header?: {
                /** @description the version that the thing must be at */
                "If-Match"?: string;
            };
            path: {
                /** @description the key that its maker chose, percent-encoded as one segment */
                key: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "labels": {
                 *         "team": "blue"
                 *       }
                 *     }
                 */
                "application/json": components["schemas"]["SchedulePatch"];
            };
        };
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Schedule"];
                };
            };
            /** @description The request cannot be accepted: errors names every problem. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A valid API key is needed. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key may not do that, or a quota is reached. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It does not exist in this workspace. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It contradicts what is stored: a key that is taken, an outdated version, a state that forbids it. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests: come back after Retry-After seconds. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Something went wrong on the server; its log has the details. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server cannot do this now: come back after Retry-After seconds. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "schedules.backfill_by_key": {
        parameters: {
            query?: never;
            header?: {
                /** @description the same key and body within a day are one request */
                "Idempotency-Key"?: string;
            };
            path: {
                /** @description the key that its maker chose, percent-encoded as one segment */
                key: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "from": "2026-01-05T00:00:00Z",
                 *       "to": "2026-01-06T00:00:00Z"
                 *     }
                 */
                "application/json": components["schemas"]["BackfillBody"];
            };
        };
        responses: {
            /** @description Nothing was fired: it was a dry run. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["BackfillPlan"];
                };
            };
            /** @description It is done. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Backfill"];
                };
            };
            /** @description The request cannot be accepted: errors names every problem. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A valid API key is needed. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key may not do that, or a quota is reached. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It does not exist in this workspace. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It contradicts what is stored: a key that is taken, an outdated version, a state that forbids it. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests: come back after Retry-After seconds. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Something went wrong on the server; its log has the details. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server cannot do this now: come back after Retry-After seconds. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "schedules.explain_by_key": {
        parameters: {
            query?: {
                /** @description the instant in question */
                at?: string;
            };
            header?: never;
            path: {
                /** @description the key that its maker chose, percent-encoded as one segment */
                key: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Explanation"];
                };
            };
            /** @description The request cannot be accepted: errors names every problem. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A valid API key is needed. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key may not do that, or a quota is reached. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It does not exist in this workspace. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests: come back after Retry-After seconds. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Something went wrong on the server; its log has the details. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server cannot do this now: come back after Retry-After seconds. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "schedules.fire_now_by_key": {
        parameters: {
            query?: never;
            header?: {
                /** @description the same key and body within a day are one request */
                "Idempotency-Key"?: string;
            };
            path: {
                /** @description the key that its maker chose, percent-encoded as one segment */
                key: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is done. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Fire"];
                };
            };
            /** @description The request cannot be accepted: errors names every problem. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A valid API key is needed. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key may not do that, or a quota is reached. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It does not exist in this workspace. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It contradicts what is stored: a key that is taken, an outdated version, a state that forbids it. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests: come back after Retry-After seconds. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Something went wrong on the server; its log has the details. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server cannot do this now: come back after Retry-After seconds. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "schedules.list_fires_by_key": {
        parameters: {
            query?: {
                /** @description one of clock, manual, backfill */
                kind?: "clock" | "manual" | "backfill";
                /** @description how many; 50, at most 1000 */
                limit?: number;
                /** @description next_cursor of the page before */
                cursor?: string;
                /** @description whether the answer says how many items there are on all pages */
                total?: boolean;
            };
            header?: never;
            path: {
                /** @description the key that its maker chose, percent-encoded as one segment */
                key: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FirePage"];
                };
            };
            /** @description The request cannot be accepted: errors names every problem. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A valid API key is needed. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key may not do that, or a quota is reached. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It does not exist in this workspace. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests: come back after Retry-After seconds. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Something went wrong on the server; its log has the details. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server cannot do this now: come back after Retry-After seconds. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "schedules.ledger_by_key": {
        parameters: {
            query?: {
                /** @description first instant */
                from?: string;
                /** @description last instant; now */
                to?: string;
                /** @description how many; 50, at most 1000 */
                limit?: number;
            };
            header?: never;
            path: {
                /** @description the key that its maker chose, percent-encoded as one segment */
                key: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Ledger"];
                };
            };
            /** @description The request cannot be accepted: errors names every problem. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A valid API key is needed. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key may not do that, or a quota is reached. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It does not exist in this workspace. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests: come back after Retry-After seconds. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Something went wrong on the server; its log has the details. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server cannot do this now: come back after Retry-After seconds. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "schedules.pause_by_key": {
        parameters: {
            query?: never;
            header?: {
                /** @description the version that the thing must be at */
                "If-Match"?: string;
            };
            path: {
                /** @description the key that its maker chose, percent-encoded as one segment */
                key: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                /**
                 * @example {
                 *       "note": "Holidays"
                 *     }
                 */
                "application/json": components["schemas"]["PauseBody"];
            };
        };
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Schedule"];
                };
            };
            /** @description The request cannot be accepted: errors names every problem. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A valid API key is needed. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key may not do that, or a quota is reached. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It does not exist in this workspace. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It contradicts what is stored: a key that is taken, an outdated version, a state that forbids it. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests: come back after Retry-After seconds. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Something went wrong on the server; its log has the details. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server cannot do this now: come back after Retry-After seconds. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "schedules.preview_by_key": {
        parameters: {
            query?: {
                /** @description how many fires; 5, at most 1000 */
                count?: number;
                /** @description where to begin; now */
                after?: string;
            };
            header?: never;
            path: {
                /** @description the key that its maker chose, percent-encoded as one segment */
                key: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Preview"];
                };
            };
            /** @description The request cannot be accepted: errors names every problem. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A valid API key is needed. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key may not do that, or a quota is reached. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It does not exist in this workspace. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests: come back after Retry-After seconds. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Something went wrong on the server; its log has the details. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server cannot do this now: come back after Retry-After seconds. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "schedules.resume_by_key": {
        parameters: {
            query?: never;
            header?: {
                /** @description the version that the thing must be at */
                "If-Match"?: string;
            };
            path: {
                /** @description the key that its maker chose, percent-encoded as one segment */
                key: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                /**
                 * @example {
                 *       "catch_up": "latest"
                 *     }
                 */
                "application/json": components["schemas"]["ResumeBody"];
            };
        };
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Schedule"];
                };
            };
            /** @description The request cannot be accepted: errors names every problem. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A valid API key is needed. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key may not do that, or a quota is reached. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It does not exist in this workspace. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It contradicts what is stored: a key that is taken, an outdated version, a state that forbids it. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests: come back after Retry-After seconds. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Something went wrong on the server; its log has the details. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server cannot do this now: come back after Retry-After seconds. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "schedules.list_versions_by_key": {
        parameters: {
            query?: {
                /** @description how many; 50, at most 1000 */
                limit?: number;
                /** @description next_cursor of the page before */
                cursor?: string;
            };
            header?: never;
            path: {
                /** @description the key that its maker chose, percent-encoded as one segment */
                key: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["VersionPage"];
                };
            };
            /** @description The request cannot be accepted: errors names every problem. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A valid API key is needed. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key may not do that, or a quota is reached. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It does not exist in this workspace. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests: come back after Retry-After seconds. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Something went wrong on the server; its log has the details. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server cannot do this now: come back after Retry-After seconds. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "schedules.get_version_by_key": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description the key that its maker chose, percent-encoded as one segment */
                key: string;
                /** @description the number of a version */
                number: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Version"];
                };
            };
            /** @description The request cannot be accepted: errors names every problem. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A valid API key is needed. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key may not do that, or a quota is reached. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It does not exist in this workspace. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests: come back after Retry-After seconds. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Something went wrong on the server; its log has the details. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server cannot do this now: come back after Retry-After seconds. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "schedules.list_windows_by_key": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description the key that its maker chose, percent-encoded as one segment */
                key: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WindowList"];
                };
            };
            /** @description The request cannot be accepted: errors names every problem. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A valid API key is needed. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key may not do that, or a quota is reached. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It does not exist in this workspace. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests: come back after Retry-After seconds. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Something went wrong on the server; its log has the details. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server cannot do this now: come back after Retry-After seconds. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "schedules.make_window_by_key": {
        parameters: {
            query?: never;
            header?: {
                /** @description the same key and body within a day are one request */
                "Idempotency-Key"?: string;
            };
            path: {
                /** @description the key that its maker chose, percent-encoded as one segment */
                key: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "catch_up": "latest",
                 *       "duration": "2h",
                 *       "recurrence": "0 2 * * *",
                 *       "timezone": "Europe/Paris"
                 *     }
                 */
                "application/json": components["schemas"]["WindowBody"];
            };
        };
        responses: {
            /** @description It is done. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Window"];
                };
            };
            /** @description The request cannot be accepted: errors names every problem. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A valid API key is needed. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key may not do that, or a quota is reached. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It does not exist in this workspace. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It contradicts what is stored: a key that is taken, an outdated version, a state that forbids it. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests: come back after Retry-After seconds. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Something went wrong on the server; its log has the details. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server cannot do this now: come back after Retry-After seconds. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "schedules.take_back_window_by_key": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description the key that its maker chose, percent-encoded as one segment */
                key: string;
                /** @description the id of a maintenance window */
                window: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is done; the answer is empty. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The request cannot be accepted: errors names every problem. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A valid API key is needed. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key may not do that, or a quota is reached. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It does not exist in this workspace. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It contradicts what is stored: a key that is taken, an outdated version, a state that forbids it. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests: come back after Retry-After seconds. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Something went wrong on the server; its log has the details. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server cannot do this now: come back after Retry-After seconds. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "schedules.preview_unsaved": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "count": 3,
                 *       "recurrence": "30 2 * * *",
                 *       "timezone": "America/New_York"
                 *     }
                 */
                "application/json": components["schemas"]["PreviewBody"];
            };
        };
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Preview"];
                };
            };
            /** @description The request cannot be accepted: errors names every problem. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A valid API key is needed. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key may not do that, or a quota is reached. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It contradicts what is stored: a key that is taken, an outdated version, a state that forbids it. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests: come back after Retry-After seconds. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Something went wrong on the server; its log has the details. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server cannot do this now: come back after Retry-After seconds. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "schedules.get": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description an id, as answers show it */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Schedule"];
                };
            };
            /** @description The request cannot be accepted: errors names every problem. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A valid API key is needed. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key may not do that, or a quota is reached. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It does not exist in this workspace. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests: come back after Retry-After seconds. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Something went wrong on the server; its log has the details. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server cannot do this now: come back after Retry-After seconds. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "schedules.replace": {
        parameters: {
            query?: never;
            header?: {
                /** @description the version that the thing must be at */
                "If-Match"?: string;
            };
            path: {
                /** @description an id, as answers show it */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "input": {
                 *         "recipients": [
                 *           "team@example.com"
                 *         ]
                 *       },
                 *       "labels": {
                 *         "customer": "c1"
                 *       },
                 *       "name": "Morning report",
                 *       "policies": {
                 *         "catch_up": "latest",
                 *         "overlap": "skip",
                 *         "retry": {
                 *           "initial": "30s",
                 *           "max_attempts": 5
                 *         }
                 *       },
                 *       "recurrence": "0 9 * * 1-5",
                 *       "target": "report",
                 *       "timezone": "Europe/Paris"
                 *     }
                 */
                "application/json": components["schemas"]["ScheduleBody"];
            };
        };
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Schedule"];
                };
            };
            /** @description The request cannot be accepted: errors names every problem. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A valid API key is needed. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key may not do that, or a quota is reached. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It does not exist in this workspace. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It contradicts what is stored: a key that is taken, an outdated version, a state that forbids it. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests: come back after Retry-After seconds. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Something went wrong on the server; its log has the details. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server cannot do this now: come back after Retry-After seconds. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "schedules.delete": {
        parameters: {
            query?: never;
            header?: {
                /** @description the version that the thing must be at */
                "If-Match"?: string;
            };
            path: {
                /** @description an id, as answers show it */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is done; the answer is empty. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The request cannot be accepted: errors names every problem. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A valid API key is needed. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key may not do that, or a quota is reached. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It does not exist in this workspace. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It contradicts what is stored: a key that is taken, an outdated version, a state that forbids it. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests: come back after Retry-After seconds. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Something went wrong on the server; its log has the details. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server cannot do this now: come back after Retry-After seconds. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "schedules.update": {
        parameters: {
            query?: never;
            header?: {
                /** @description the version that the thing must be at */
                "If-Match"?: string;
            };
            path: {
                /** @description an id, as answers show it */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "labels": {
                 *         "team": "blue"
                 *       }
                 *     }
                 */
                "application/json": components["schemas"]["SchedulePatch"];
            };
        };
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Schedule"];
                };
            };
            /** @description The request cannot be accepted: errors names every problem. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A valid API key is needed. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key may not do that, or a quota is reached. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It does not exist in this workspace. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It contradicts what is stored: a key that is taken, an outdated version, a state that forbids it. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests: come back after Retry-After seconds. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Something went wrong on the server; its log has the details. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server cannot do this now: come back after Retry-After seconds. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "schedules.backfill": {
        parameters: {
            query?: never;
            header?: {
                /** @description the same key and body within a day are one request */
                "Idempotency-Key"?: string;
            };
            path: {
                /** @description an id, as answers show it */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "from": "2026-01-05T00:00:00Z",
                 *       "to": "2026-01-06T00:00:00Z"
                 *     }
                 */
                "application/json": components["schemas"]["BackfillBody"];
            };
        };
        responses: {
            /** @description Nothing was fired: it was a dry run. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["BackfillPlan"];
                };
            };
            /** @description It is done. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Backfill"];
                };
            };
            /** @description The request cannot be accepted: errors names every problem. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A valid API key is needed. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key may not do that, or a quota is reached. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It does not exist in this workspace. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It contradicts what is stored: a key that is taken, an outdated version, a state that forbids it. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests: come back after Retry-After seconds. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Something went wrong on the server; its log has the details. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server cannot do this now: come back after Retry-After seconds. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "schedules.explain": {
        parameters: {
            query?: {
                /** @description the instant in question */
                at?: string;
            };
            header?: never;
            path: {
                /** @description an id, as answers show it */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Explanation"];
                };
            };
            /** @description The request cannot be accepted: errors names every problem. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A valid API key is needed. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key may not do that, or a quota is reached. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It does not exist in this workspace. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests: come back after Retry-After seconds. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Something went wrong on the server; its log has the details. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server cannot do this now: come back after Retry-After seconds. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "schedules.fire_now": {
        parameters: {
            query?: never;
            header?: {
                /** @description the same key and body within a day are one request */
                "Idempotency-Key"?: string;
            };
            path: {
                /** @description an id, as answers show it */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is done. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Fire"];
                };
            };
            /** @description The request cannot be accepted: errors names every problem. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A valid API key is needed. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key may not do that, or a quota is reached. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It does not exist in this workspace. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It contradicts what is stored: a key that is taken, an outdated version, a state that forbids it. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests: come back after Retry-After seconds. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Something went wrong on the server; its log has the details. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server cannot do this now: come back after Retry-After seconds. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "schedules.list_fires": {
        parameters: {
            query?: {
                /** @description one of clock, manual, backfill */
                kind?: "clock" | "manual" | "backfill";
                /** @description how many; 50, at most 1000 */
                limit?: number;
                /** @description next_cursor of the page before */
                cursor?: string;
                /** @description whether the answer says how many items there are on all pages */
                total?: boolean;
            };
            header?: never;
            path: {
                /** @description an id, as answers show it */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FirePage"];
                };
            };
            /** @description The request cannot be accepted: errors names every problem. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A valid API key is needed. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key may not do that, or a quota is reached. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It does not exist in this workspace. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests: come back after Retry-After seconds. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Something went wrong on the server; its log has the details. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server cannot do this now: come back after Retry-After seconds. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "schedules.ledger": {
        parameters: {
            query?: {
                /** @description first instant */
                from?: string;
                /** @description last instant; now */
                to?: string;
                /** @description how many; 50, at most 1000 */
                limit?: number;
            };
            header?: never;
            path: {
                /** @description an id, as answers show it */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Ledger"];
                };
            };
            /** @description The request cannot be accepted: errors names every problem. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A valid API key is needed. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key may not do that, or a quota is reached. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It does not exist in this workspace. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests: come back after Retry-After seconds. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Something went wrong on the server; its log has the details. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server cannot do this now: come back after Retry-After seconds. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "schedules.pause": {
        parameters: {
            query?: never;
            header?: {
                /** @description the version that the thing must be at */
                "If-Match"?: string;
            };
            path: {
                /** @description an id, as answers show it */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                /**
                 * @example {
                 *       "note": "Holidays"
                 *     }
                 */
                "application/json": components["schemas"]["PauseBody"];
            };
        };
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Schedule"];
                };
            };
            /** @description The request cannot be accepted: errors names every problem. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A valid API key is needed. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key may not do that, or a quota is reached. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It does not exist in this workspace. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It contradicts what is stored: a key that is taken, an outdated version, a state that forbids it. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests: come back after Retry-After seconds. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Something went wrong on the server; its log has the details. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server cannot do this now: come back after Retry-After seconds. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "schedules.preview": {
        parameters: {
            query?: {
                /** @description how many fires; 5, at most 1000 */
                count?: number;
                /** @description where to begin; now */
                after?: string;
            };
            header?: never;
            path: {
                /** @description an id, as answers show it */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Preview"];
                };
            };
            /** @description The request cannot be accepted: errors names every problem. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A valid API key is needed. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key may not do that, or a quota is reached. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It does not exist in this workspace. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests: come back after Retry-After seconds. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Something went wrong on the server; its log has the details. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server cannot do this now: come back after Retry-After seconds. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "schedules.resume": {
        parameters: {
            query?: never;
            header?: {
                /** @description the version that the thing must be at */
                "If-Match"?: string;
            };
            path: {
                /** @description an id, as answers show it */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                /**
                 * @example {
                 *       "catch_up": "latest"
                 *     }
                 */
                "application/json": components["schemas"]["ResumeBody"];
            };
        };
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Schedule"];
                };
            };
            /** @description The request cannot be accepted: errors names every problem. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A valid API key is needed. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key may not do that, or a quota is reached. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It does not exist in this workspace. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It contradicts what is stored: a key that is taken, an outdated version, a state that forbids it. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests: come back after Retry-After seconds. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Something went wrong on the server; its log has the details. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server cannot do this now: come back after Retry-After seconds. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "schedules.list_versions": {
        parameters: {
            query?: {
                /** @description how many; 50, at most 1000 */
                limit?: number;
                /** @description next_cursor of the page before */
                cursor?: string;
            };
            header?: never;
            path: {
                /** @description an id, as answers show it */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["VersionPage"];
                };
            };
            /** @description The request cannot be accepted: errors names every problem. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A valid API key is needed. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key may not do that, or a quota is reached. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It does not exist in this workspace. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests: come back after Retry-After seconds. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Something went wrong on the server; its log has the details. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server cannot do this now: come back after Retry-After seconds. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "schedules.get_version": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description an id, as answers show it */
                id: string;
                /** @description the number of a version */
                number: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Version"];
                };
            };
            /** @description The request cannot be accepted: errors names every problem. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A valid API key is needed. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key may not do that, or a quota is reached. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It does not exist in this workspace. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests: come back after Retry-After seconds. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Something went wrong on the server; its log has the details. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server cannot do this now: come back after Retry-After seconds. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "schedules.list_windows": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description an id, as answers show it */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WindowList"];
                };
            };
            /** @description The request cannot be accepted: errors names every problem. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A valid API key is needed. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key may not do that, or a quota is reached. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It does not exist in this workspace. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests: come back after Retry-After seconds. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Something went wrong on the server; its log has the details. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server cannot do this now: come back after Retry-After seconds. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "schedules.make_window": {
        parameters: {
            query?: never;
            header?: {
                /** @description the same key and body within a day are one request */
                "Idempotency-Key"?: string;
            };
            path: {
                /** @description an id, as answers show it */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "catch_up": "latest",
                 *       "duration": "2h",
                 *       "recurrence": "0 2 * * *",
                 *       "timezone": "Europe/Paris"
                 *     }
                 */
                "application/json": components["schemas"]["WindowBody"];
            };
        };
        responses: {
            /** @description It is done. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Window"];
                };
            };
            /** @description The request cannot be accepted: errors names every problem. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A valid API key is needed. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key may not do that, or a quota is reached. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It does not exist in this workspace. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It contradicts what is stored: a key that is taken, an outdated version, a state that forbids it. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests: come back after Retry-After seconds. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Something went wrong on the server; its log has the details. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server cannot do this now: come back after Retry-After seconds. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "schedules.take_back_window": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description an id, as answers show it */
                id: string;
                /** @description the id of a maintenance window */
                window: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is done; the answer is empty. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The request cannot be accepted: errors names every problem. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A valid API key is needed. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key may not do that, or a quota is reached. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It does not exist in this workspace. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It contradicts what is stored: a key that is taken, an outdated version, a state that forbids it. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests: come back after Retry-After seconds. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Something went wrong on the server; its log has the details. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server cannot do this now: come back after Retry-After seconds. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "secrets.rotate": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RotatedSecrets"];
                };
            };
            /** @description The request cannot be accepted: errors names every problem. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A valid API key is needed. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key may not do that, or a quota is reached. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It contradicts what is stored: a key that is taken, an outdated version, a state that forbids it. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests: come back after Retry-After seconds. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Something went wrong on the server; its log has the details. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server cannot do this now: come back after Retry-After seconds. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "tables.list": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TableList"];
                };
            };
            /** @description The request cannot be accepted: errors names every problem. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A valid API key is needed. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key may not do that, or a quota is reached. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests: come back after Retry-After seconds. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Something went wrong on the server; its log has the details. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server cannot do this now: come back after Retry-After seconds. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "tables.create": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "columns": [
                 *         {
                 *           "name": "email",
                 *           "type": "text"
                 *         }
                 *       ],
                 *       "database": "crm",
                 *       "table": "people"
                 *     }
                 */
                "application/json": components["schemas"]["TableBody"];
            };
        };
        responses: {
            /** @description It is done. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Table"];
                };
            };
            /** @description The request cannot be accepted: errors names every problem. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A valid API key is needed. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key may not do that, or a quota is reached. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It contradicts what is stored: a key that is taken, an outdated version, a state that forbids it. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests: come back after Retry-After seconds. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Something went wrong on the server; its log has the details. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server cannot do this now: come back after Retry-After seconds. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "tables.get": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description the name of an embedded database */
                database: string;
                /** @description the name of an embedded table */
                table: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Table"];
                };
            };
            /** @description The request cannot be accepted: errors names every problem. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A valid API key is needed. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key may not do that, or a quota is reached. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It does not exist in this workspace. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests: come back after Retry-After seconds. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Something went wrong on the server; its log has the details. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server cannot do this now: come back after Retry-After seconds. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "tables.rows": {
        parameters: {
            query?: {
                /** @description how many; 100, at most 1000 */
                limit?: number;
                /** @description next of the page before */
                after?: number;
            };
            header?: never;
            path: {
                /** @description the name of an embedded database */
                database: string;
                /** @description the name of an embedded table */
                table: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TableRows"];
                };
            };
            /** @description The request cannot be accepted: errors names every problem. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A valid API key is needed. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key may not do that, or a quota is reached. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It does not exist in this workspace. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests: come back after Retry-After seconds. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Something went wrong on the server; its log has the details. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server cannot do this now: come back after Retry-After seconds. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "targets.list": {
        parameters: {
            query?: {
                /** @description one of automation, workflow, function, agent, tool, table */
                kind?: "automation" | "workflow" | "function" | "agent" | "tool" | "table";
                /** @description enabled, disabled, or archived (an agent of cadenya) */
                state?: string;
                /** @description the key that its maker chose, whole */
                key?: string;
                /** @description part of the name or the key */
                search?: string;
                /** @description how many; 50, at most 1000 */
                limit?: number;
                /** @description next_cursor of the page before */
                cursor?: string;
                /** @description whether the answer says how many items there are on all pages */
                total?: boolean;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TargetPage"];
                };
            };
            /** @description The request cannot be accepted: errors names every problem. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A valid API key is needed. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key may not do that, or a quota is reached. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests: come back after Retry-After seconds. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Something went wrong on the server; its log has the details. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server cannot do this now: come back after Retry-After seconds. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "targets.create": {
        parameters: {
            query?: never;
            header?: {
                /** @description the same key and body within a day are one request */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "executor": {
                 *         "type": "http",
                 *         "url": "https://example.com/hooks/report"
                 *       },
                 *       "key": "report",
                 *       "kind": "workflow",
                 *       "max_concurrency": 10,
                 *       "name": "Report",
                 *       "timeout": "30s"
                 *     }
                 */
                "application/json": components["schemas"]["TargetBody"];
            };
        };
        responses: {
            /** @description It is done. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["NewTarget"];
                };
            };
            /** @description The request cannot be accepted: errors names every problem. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A valid API key is needed. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key may not do that, or a quota is reached. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It contradicts what is stored: a key that is taken, an outdated version, a state that forbids it. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests: come back after Retry-After seconds. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Something went wrong on the server; its log has the details. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server cannot do this now: come back after Retry-After seconds. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "targets.get_by_key": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description the key that its maker chose, percent-encoded as one segment */
                key: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TargetInFull"];
                };
            };
            /** @description The request cannot be accepted: errors names every problem. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A valid API key is needed. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key may not do that, or a quota is reached. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It does not exist in this workspace. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests: come back after Retry-After seconds. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Something went wrong on the server; its log has the details. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server cannot do this now: come back after Retry-After seconds. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "targets.put_by_key": {
        parameters: {
            query?: never;
            header?: {
                /** @description the version that the thing must be at */
                "If-Match"?: string;
            };
            path: {
                /** @description the key that its maker chose, percent-encoded as one segment */
                key: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "executor": {
                 *         "type": "http",
                 *         "url": "https://example.com/hooks/report"
                 *       },
                 *       "kind": "workflow",
                 *       "max_concurrency": 10,
                 *       "name": "Report",
                 *       "timeout": "30s"
                 *     }
                 */
                "application/json": components["schemas"]["TargetBody"];
            };
        };
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["NewTarget"];
                };
            };
            /** @description It was made. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["NewTarget"];
                };
            };
            /** @description The request cannot be accepted: errors names every problem. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A valid API key is needed. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key may not do that, or a quota is reached. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It does not exist in this workspace. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It contradicts what is stored: a key that is taken, an outdated version, a state that forbids it. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests: come back after Retry-After seconds. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Something went wrong on the server; its log has the details. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server cannot do this now: come back after Retry-After seconds. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "targets.delete_by_key": {
        parameters: {
            query?: never;
            header?: {
                /** @description the version that the thing must be at */
                "If-Match"?: string;
            };
            path: {
                /** @description the key that its maker chose, percent-encoded as one segment */
                key: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is done; the answer is empty. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The request cannot be accepted: errors names every problem. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A valid API key is needed. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key may not do that, or a quota is reached. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It does not exist in this workspace. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It contradicts what is stored: a key that is taken, an outdated version, a state that forbids it. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests: come back after Retry-After seconds. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Something went wrong on the server; its log has the details. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server cannot do this now: come back after Retry-After seconds. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "targets.update_by_key": {
        parameters: {
            query?: never;
            header?: {
                /** @description the version that the thing must be at */
                "If-Match"?: string;
            };
            path: {
                /** @description the key that its maker chose, percent-encoded as one segment */
                key: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "timeout": "1m"
                 *     }
                 */
                "application/json": components["schemas"]["TargetPatch"];
            };
        };
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Target"];
                };
            };
            /** @description The request cannot be accepted: errors names every problem. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A valid API key is needed. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key may not do that, or a quota is reached. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It does not exist in this workspace. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It contradicts what is stored: a key that is taken, an outdated version, a state that forbids it. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests: come back after Retry-After seconds. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Something went wrong on the server; its log has the details. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server cannot do this now: come back after Retry-After seconds. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "targets.disable_by_key": {
        parameters: {
            query?: never;
            header?: {
                /** @description the version that the thing must be at */
                "If-Match"?: string;
            };
            path: {
                /** @description the key that its maker chose, percent-encoded as one segment */
                key: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Target"];
                };
            };
            /** @description The request cannot be accepted: errors names every problem. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A valid API key is needed. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key may not do that, or a quota is reached. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It does not exist in this workspace. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It contradicts what is stored: a key that is taken, an outdated version, a state that forbids it. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests: come back after Retry-After seconds. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Something went wrong on the server; its log has the details. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server cannot do this now: come back after Retry-After seconds. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "targets.enable_by_key": {
        parameters: {
            query?: never;
            header?: {
                /** @description the version that the thing must be at */
                "If-Match"?: string;
            };
            path: {
                /** @description the key that its maker chose, percent-encoded as one segment */
                key: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Target"];
                };
            };
            /** @description The request cannot be accepted: errors names every problem. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A valid API key is needed. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key may not do that, or a quota is reached. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It does not exist in this workspace. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It contradicts what is stored: a key that is taken, an outdated version, a state that forbids it. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests: come back after Retry-After seconds. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Something went wrong on the server; its log has the details. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server cannot do this now: come back after Retry-After seconds. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "targets.rotate_secret_by_key": {
        parameters: {
            query?: never;
            header?: {
                /** @description the version that the thing must be at */
                "If-Match"?: string;
            };
            path: {
                /** @description the key that its maker chose, percent-encoded as one segment */
                key: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                /**
                 * @example {
                 *       "overlap": "1h"
                 *     }
                 */
                "application/json": components["schemas"]["SecretRotationBody"];
            };
        };
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["NewTarget"];
                };
            };
            /** @description The request cannot be accepted: errors names every problem. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A valid API key is needed. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key may not do that, or a quota is reached. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It does not exist in this workspace. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It contradicts what is stored: a key that is taken, an outdated version, a state that forbids it. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests: come back after Retry-After seconds. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Something went wrong on the server; its log has the details. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server cannot do this now: come back after Retry-After seconds. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "targets.list_shares_by_key": {
        parameters: {
            query?: {
                /** @description how many; 50, at most 1000 */
                limit?: number;
                /** @description next_cursor of the page before */
                cursor?: string;
            };
            header?: never;
            path: {
                /** @description the key that its maker chose, percent-encoded as one segment */
                key: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SharePage"];
                };
            };
            /** @description The request cannot be accepted: errors names every problem. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A valid API key is needed. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key may not do that, or a quota is reached. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It does not exist in this workspace. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests: come back after Retry-After seconds. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Something went wrong on the server; its log has the details. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server cannot do this now: come back after Retry-After seconds. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "targets.share_by_key": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description the key that its maker chose, percent-encoded as one segment */
                key: string;
                /** @description workspace */
                workspace: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                /**
                 * @example {
                 *       "key": "report"
                 *     }
                 */
                "application/json": components["schemas"]["ShareBody"];
            };
        };
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Share"];
                };
            };
            /** @description It was shared. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Share"];
                };
            };
            /** @description The request cannot be accepted: errors names every problem. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A valid API key is needed. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key may not do that, or a quota is reached. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It does not exist in this workspace. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It contradicts what is stored: a key that is taken, an outdated version, a state that forbids it. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests: come back after Retry-After seconds. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Something went wrong on the server; its log has the details. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server cannot do this now: come back after Retry-After seconds. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "targets.unshare_by_key": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description the key that its maker chose, percent-encoded as one segment */
                key: string;
                /** @description workspace */
                workspace: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is done; the answer is empty. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The request cannot be accepted: errors names every problem. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A valid API key is needed. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key may not do that, or a quota is reached. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It does not exist in this workspace. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It contradicts what is stored: a key that is taken, an outdated version, a state that forbids it. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests: come back after Retry-After seconds. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Something went wrong on the server; its log has the details. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server cannot do this now: come back after Retry-After seconds. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "targets.test_by_key": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description the key that its maker chose, percent-encoded as one segment */
                key: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                /**
                 * @example {
                 *       "input": {
                 *         "text": "Hello"
                 *       }
                 *     }
                 */
                "application/json": components["schemas"]["TargetTestBody"];
            };
        };
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TriedCall"];
                };
            };
            /** @description The request cannot be accepted: errors names every problem. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A valid API key is needed. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key may not do that, or a quota is reached. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It does not exist in this workspace. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It contradicts what is stored: a key that is taken, an outdated version, a state that forbids it. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests: come back after Retry-After seconds. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Something went wrong on the server; its log has the details. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server cannot do this now: come back after Retry-After seconds. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "targets.get": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description the id, the key or the number of a target */
                ref: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TargetInFull"];
                };
            };
            /** @description The request cannot be accepted: errors names every problem. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A valid API key is needed. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key may not do that, or a quota is reached. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It does not exist in this workspace. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests: come back after Retry-After seconds. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Something went wrong on the server; its log has the details. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server cannot do this now: come back after Retry-After seconds. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "targets.replace": {
        parameters: {
            query?: never;
            header?: {
                /** @description the version that the thing must be at */
                "If-Match"?: string;
            };
            path: {
                /** @description the id, the key or the number of a target */
                ref: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "executor": {
                 *         "type": "http",
                 *         "url": "https://example.com/hooks/report"
                 *       },
                 *       "kind": "workflow",
                 *       "max_concurrency": 10,
                 *       "name": "Report",
                 *       "timeout": "30s"
                 *     }
                 */
                "application/json": components["schemas"]["TargetBody"];
            };
        };
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Target"];
                };
            };
            /** @description The request cannot be accepted: errors names every problem. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A valid API key is needed. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key may not do that, or a quota is reached. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It does not exist in this workspace. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It contradicts what is stored: a key that is taken, an outdated version, a state that forbids it. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests: come back after Retry-After seconds. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Something went wrong on the server; its log has the details. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server cannot do this now: come back after Retry-After seconds. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "targets.delete": {
        parameters: {
            query?: never;
            header?: {
                /** @description the version that the thing must be at */
                "If-Match"?: string;
            };
            path: {
                /** @description the id, the key or the number of a target */
                ref: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is done; the answer is empty. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The request cannot be accepted: errors names every problem. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A valid API key is needed. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key may not do that, or a quota is reached. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It does not exist in this workspace. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It contradicts what is stored: a key that is taken, an outdated version, a state that forbids it. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests: come back after Retry-After seconds. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Something went wrong on the server; its log has the details. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server cannot do this now: come back after Retry-After seconds. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "targets.update": {
        parameters: {
            query?: never;
            header?: {
                /** @description the version that the thing must be at */
                "If-Match"?: string;
            };
            path: {
                /** @description the id, the key or the number of a target */
                ref: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "timeout": "1m"
                 *     }
                 */
                "application/json": components["schemas"]["TargetPatch"];
            };
        };
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Target"];
                };
            };
            /** @description The request cannot be accepted: errors names every problem. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A valid API key is needed. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key may not do that, or a quota is reached. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It does not exist in this workspace. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It contradicts what is stored: a key that is taken, an outdated version, a state that forbids it. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests: come back after Retry-After seconds. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Something went wrong on the server; its log has the details. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server cannot do this now: come back after Retry-After seconds. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "targets.disable": {
        parameters: {
            query?: never;
            header?: {
                /** @description the version that the thing must be at */
                "If-Match"?: string;
            };
            path: {
                /** @description the id, the key or the number of a target */
                ref: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Target"];
                };
            };
            /** @description The request cannot be accepted: errors names every problem. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A valid API key is needed. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key may not do that, or a quota is reached. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It does not exist in this workspace. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It contradicts what is stored: a key that is taken, an outdated version, a state that forbids it. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests: come back after Retry-After seconds. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Something went wrong on the server; its log has the details. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server cannot do this now: come back after Retry-After seconds. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "targets.enable": {
        parameters: {
            query?: never;
            header?: {
                /** @description the version that the thing must be at */
                "If-Match"?: string;
            };
            path: {
                /** @description the id, the key or the number of a target */
                ref: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Target"];
                };
            };
            /** @description The request cannot be accepted: errors names every problem. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A valid API key is needed. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key may not do that, or a quota is reached. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It does not exist in this workspace. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It contradicts what is stored: a key that is taken, an outdated version, a state that forbids it. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests: come back after Retry-After seconds. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Something went wrong on the server; its log has the details. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server cannot do this now: come back after Retry-After seconds. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "targets.rotate_secret": {
        parameters: {
            query?: never;
            header?: {
                /** @description the version that the thing must be at */
                "If-Match"?: string;
            };
            path: {
                /** @description the id, the key or the number of a target */
                ref: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                /**
                 * @example {
                 *       "overlap": "1h"
                 *     }
                 */
                "application/json": components["schemas"]["SecretRotationBody"];
            };
        };
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["NewTarget"];
                };
            };
            /** @description The request cannot be accepted: errors names every problem. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A valid API key is needed. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key may not do that, or a quota is reached. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It does not exist in this workspace. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It contradicts what is stored: a key that is taken, an outdated version, a state that forbids it. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests: come back after Retry-After seconds. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Something went wrong on the server; its log has the details. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server cannot do this now: come back after Retry-After seconds. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "targets.list_shares": {
        parameters: {
            query?: {
                /** @description how many; 50, at most 1000 */
                limit?: number;
                /** @description next_cursor of the page before */
                cursor?: string;
            };
            header?: never;
            path: {
                /** @description the id, the key or the number of a target */
                ref: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SharePage"];
                };
            };
            /** @description The request cannot be accepted: errors names every problem. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A valid API key is needed. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key may not do that, or a quota is reached. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It does not exist in this workspace. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests: come back after Retry-After seconds. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Something went wrong on the server; its log has the details. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server cannot do this now: come back after Retry-After seconds. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "targets.share": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description the id, the key or the number of a target */
                ref: string;
                /** @description workspace */
                workspace: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                /**
                 * @example {
                 *       "key": "report"
                 *     }
                 */
                "application/json": components["schemas"]["ShareBody"];
            };
        };
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Share"];
                };
            };
            /** @description It was shared. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Share"];
                };
            };
            /** @description The request cannot be accepted: errors names every problem. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A valid API key is needed. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key may not do that, or a quota is reached. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It does not exist in this workspace. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It contradicts what is stored: a key that is taken, an outdated version, a state that forbids it. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests: come back after Retry-After seconds. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Something went wrong on the server; its log has the details. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server cannot do this now: come back after Retry-After seconds. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "targets.unshare": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description the id, the key or the number of a target */
                ref: string;
                /** @description workspace */
                workspace: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is done; the answer is empty. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The request cannot be accepted: errors names every problem. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A valid API key is needed. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key may not do that, or a quota is reached. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It does not exist in this workspace. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It contradicts what is stored: a key that is taken, an outdated version, a state that forbids it. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests: come back after Retry-After seconds. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Something went wrong on the server; its log has the details. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server cannot do this now: come back after Retry-After seconds. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "targets.test": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description the id, the key or the number of a target */
                ref: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                /**
                 * @example {
                 *       "input": {
                 *         "text": "Hello"
                 *       }
                 *     }
                 */
                "application/json": components["schemas"]["TargetTestBody"];
            };
        };
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TriedCall"];
                };
            };
            /** @description The request cannot be accepted: errors names every problem. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A valid API key is needed. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key may not do that, or a quota is reached. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It does not exist in this workspace. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It contradicts what is stored: a key that is taken, an outdated version, a state that forbids it. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests: come back after Retry-After seconds. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Something went wrong on the server; its log has the details. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server cannot do this now: come back after Retry-After seconds. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "webhooks.list": {
        parameters: {
            query?: {
                /** @description how many; 50, at most 1000 */
                limit?: number;
                /** @description next_cursor of the page before */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WebhookPage"];
                };
            };
            /** @description The request cannot be accepted: errors names every problem. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A valid API key is needed. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key may not do that, or a quota is reached. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests: come back after Retry-After seconds. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Something went wrong on the server; its log has the details. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server cannot do this now: come back after Retry-After seconds. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "webhooks.create": {
        parameters: {
            query?: never;
            header?: {
                /** @description the same key and body within a day are one request */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "types": [
                 *         "fire.failed",
                 *         "schedule.*"
                 *       ],
                 *       "url": "https://example.com/hooks/horarium"
                 *     }
                 */
                "application/json": components["schemas"]["WebhookBody"];
            };
        };
        responses: {
            /** @description It is done. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["NewWebhook"];
                };
            };
            /** @description The request cannot be accepted: errors names every problem. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A valid API key is needed. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key may not do that, or a quota is reached. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It contradicts what is stored: a key that is taken, an outdated version, a state that forbids it. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests: come back after Retry-After seconds. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Something went wrong on the server; its log has the details. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server cannot do this now: come back after Retry-After seconds. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "webhooks.get": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description an id, as answers show it */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Webhook"];
                };
            };
            /** @description The request cannot be accepted: errors names every problem. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A valid API key is needed. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key may not do that, or a quota is reached. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It does not exist in this workspace. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests: come back after Retry-After seconds. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Something went wrong on the server; its log has the details. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server cannot do this now: come back after Retry-After seconds. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "webhooks.delete": {
        parameters: {
            query?: never;
            header?: {
                /** @description the version that the thing must be at */
                "If-Match"?: string;
            };
            path: {
                /** @description an id, as answers show it */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is done; the answer is empty. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The request cannot be accepted: errors names every problem. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A valid API key is needed. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key may not do that, or a quota is reached. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It does not exist in this workspace. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It contradicts what is stored: a key that is taken, an outdated version, a state that forbids it. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests: come back after Retry-After seconds. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Something went wrong on the server; its log has the details. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server cannot do this now: come back after Retry-After seconds. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "webhooks.update": {
        parameters: {
            query?: never;
            header?: {
                /** @description the version that the thing must be at */
                "If-Match"?: string;
            };
            path: {
                /** @description an id, as answers show it */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "types": [
                 *         "fire.*"
                 *       ]
                 *     }
                 */
                "application/json": components["schemas"]["WebhookPatch"];
            };
        };
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Webhook"];
                };
            };
            /** @description The request cannot be accepted: errors names every problem. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A valid API key is needed. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key may not do that, or a quota is reached. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It does not exist in this workspace. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It contradicts what is stored: a key that is taken, an outdated version, a state that forbids it. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests: come back after Retry-After seconds. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Something went wrong on the server; its log has the details. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server cannot do this now: come back after Retry-After seconds. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "webhooks.deliveries": {
        parameters: {
            query?: {
                /** @description one of delivered, waiting, failed, replayed */
                state?: string;
                /** @description how many; 50, at most 1000 */
                limit?: number;
                /** @description next_cursor of the page before */
                cursor?: string;
            };
            header?: never;
            path: {
                /** @description an id, as answers show it */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeliveryPage"];
                };
            };
            /** @description The request cannot be accepted: errors names every problem. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A valid API key is needed. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key may not do that, or a quota is reached. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It does not exist in this workspace. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests: come back after Retry-After seconds. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Something went wrong on the server; its log has the details. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server cannot do this now: come back after Retry-After seconds. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "webhooks.replay": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description an id, as answers show it */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "since": "2026-01-05T00:00:00Z"
                 *     }
                 */
                "application/json": components["schemas"]["ReplayBody"];
            };
        };
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Replayed"];
                };
            };
            /** @description The request cannot be accepted: errors names every problem. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A valid API key is needed. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key may not do that, or a quota is reached. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It does not exist in this workspace. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It contradicts what is stored: a key that is taken, an outdated version, a state that forbids it. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests: come back after Retry-After seconds. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Something went wrong on the server; its log has the details. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server cannot do this now: come back after Retry-After seconds. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "webhooks.rotate_secret": {
        parameters: {
            query?: never;
            header?: {
                /** @description the version that the thing must be at */
                "If-Match"?: string;
            };
            path: {
                /** @description an id, as answers show it */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                /**
                 * @example {
                 *       "overlap": "1h"
                 *     }
                 */
                "application/json": components["schemas"]["SecretRotationBody"];
            };
        };
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["NewWebhook"];
                };
            };
            /** @description The request cannot be accepted: errors names every problem. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A valid API key is needed. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key may not do that, or a quota is reached. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It does not exist in this workspace. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It contradicts what is stored: a key that is taken, an outdated version, a state that forbids it. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests: come back after Retry-After seconds. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Something went wrong on the server; its log has the details. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server cannot do this now: come back after Retry-After seconds. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "workspaces.list": {
        parameters: {
            query?: {
                /** @description how many; 50, at most 1000 */
                limit?: number;
                /** @description next_cursor of the page before */
                cursor?: string;
                /** @description true: only those that were deleted and can be had back (workspaces:admin) */
                deleted?: boolean;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WorkspacePage"];
                };
            };
            /** @description The request cannot be accepted: errors names every problem. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A valid API key is needed. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key may not do that, or a quota is reached. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests: come back after Retry-After seconds. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Something went wrong on the server; its log has the details. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server cannot do this now: come back after Retry-After seconds. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "workspaces.create": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "name": "Acme",
                 *       "settings": {
                 *         "timezone": "Europe/Paris"
                 *       }
                 *     }
                 */
                "application/json": components["schemas"]["WorkspaceBody"];
            };
        };
        responses: {
            /** @description It is done. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["NewWorkspace"];
                };
            };
            /** @description The request cannot be accepted: errors names every problem. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A valid API key is needed. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key may not do that, or a quota is reached. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It contradicts what is stored: a key that is taken, an outdated version, a state that forbids it. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests: come back after Retry-After seconds. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Something went wrong on the server; its log has the details. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server cannot do this now: come back after Retry-After seconds. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "workspaces.get": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description an id, as answers show it */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WorkspaceInFull"];
                };
            };
            /** @description The request cannot be accepted: errors names every problem. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A valid API key is needed. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key may not do that, or a quota is reached. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It does not exist in this workspace. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests: come back after Retry-After seconds. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Something went wrong on the server; its log has the details. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server cannot do this now: come back after Retry-After seconds. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "workspaces.delete": {
        parameters: {
            query?: {
                /** @description after how many days it is gone for good; 7, at most 3650 */
                days?: number;
            };
            header?: never;
            path: {
                /** @description an id, as answers show it */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Workspace"];
                };
            };
            /** @description The request cannot be accepted: errors names every problem. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A valid API key is needed. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key may not do that, or a quota is reached. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It does not exist in this workspace. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It contradicts what is stored: a key that is taken, an outdated version, a state that forbids it. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests: come back after Retry-After seconds. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Something went wrong on the server; its log has the details. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server cannot do this now: come back after Retry-After seconds. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "workspaces.update": {
        parameters: {
            query?: never;
            header?: {
                /** @description the version that the thing must be at */
                "If-Match"?: string;
            };
            path: {
                /** @description an id, as answers show it */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "name": "Acme"
                 *     }
                 */
                "application/json": components["schemas"]["WorkspacePatch"];
            };
        };
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Workspace"];
                };
            };
            /** @description The request cannot be accepted: errors names every problem. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A valid API key is needed. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key may not do that, or a quota is reached. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It does not exist in this workspace. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It contradicts what is stored: a key that is taken, an outdated version, a state that forbids it. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests: come back after Retry-After seconds. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Something went wrong on the server; its log has the details. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server cannot do this now: come back after Retry-After seconds. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "workspaces.export": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description an id, as answers show it */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/x-ndjson": components["schemas"]["ExportLine"];
                };
            };
            /** @description The request cannot be accepted: errors names every problem. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A valid API key is needed. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key may not do that, or a quota is reached. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It does not exist in this workspace. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests: come back after Retry-After seconds. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Something went wrong on the server; its log has the details. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server cannot do this now: come back after Retry-After seconds. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "workspaces.pause": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description an id, as answers show it */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                /**
                 * @example {
                 *       "catch_up": "latest",
                 *       "note": "The CRM moves"
                 *     }
                 */
                "application/json": components["schemas"]["WorkspacePauseBody"];
            };
        };
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Pause"];
                };
            };
            /** @description The request cannot be accepted: errors names every problem. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A valid API key is needed. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key may not do that, or a quota is reached. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It does not exist in this workspace. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It contradicts what is stored: a key that is taken, an outdated version, a state that forbids it. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests: come back after Retry-After seconds. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Something went wrong on the server; its log has the details. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server cannot do this now: come back after Retry-After seconds. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "workspaces.list_pauses": {
        parameters: {
            query?: {
                /** @description how many; 50, at most 1000 */
                limit?: number;
                /** @description next_cursor of the page before */
                cursor?: string;
            };
            header?: never;
            path: {
                /** @description an id, as answers show it */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PausePage"];
                };
            };
            /** @description The request cannot be accepted: errors names every problem. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A valid API key is needed. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key may not do that, or a quota is reached. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It does not exist in this workspace. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests: come back after Retry-After seconds. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Something went wrong on the server; its log has the details. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server cannot do this now: come back after Retry-After seconds. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "workspaces.take_back_pause": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description an id, as answers show it */
                id: string;
                /** @description the id of a pause */
                pause: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is done; the answer is empty. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The request cannot be accepted: errors names every problem. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A valid API key is needed. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key may not do that, or a quota is reached. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It does not exist in this workspace. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It contradicts what is stored: a key that is taken, an outdated version, a state that forbids it. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests: come back after Retry-After seconds. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Something went wrong on the server; its log has the details. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server cannot do this now: come back after Retry-After seconds. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "workspaces.resume": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description an id, as answers show it */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                /**
                 * @example {
                 *       "catch_up": "latest"
                 *     }
                 */
                "application/json": components["schemas"]["WorkspaceResumeBody"];
            };
        };
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Pause"];
                };
            };
            /** @description The request cannot be accepted: errors names every problem. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A valid API key is needed. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key may not do that, or a quota is reached. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It does not exist in this workspace. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It contradicts what is stored: a key that is taken, an outdated version, a state that forbids it. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests: come back after Retry-After seconds. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Something went wrong on the server; its log has the details. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server cannot do this now: come back after Retry-After seconds. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "workspaces.undelete": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description an id, as answers show it */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Workspace"];
                };
            };
            /** @description The request cannot be accepted: errors names every problem. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A valid API key is needed. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key may not do that, or a quota is reached. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It does not exist in this workspace. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It contradicts what is stored: a key that is taken, an outdated version, a state that forbids it. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests: come back after Retry-After seconds. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Something went wrong on the server; its log has the details. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server cannot do this now: come back after Retry-After seconds. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "workspaces.list_windows": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description an id, as answers show it */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WindowList"];
                };
            };
            /** @description The request cannot be accepted: errors names every problem. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A valid API key is needed. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key may not do that, or a quota is reached. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It does not exist in this workspace. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests: come back after Retry-After seconds. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Something went wrong on the server; its log has the details. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server cannot do this now: come back after Retry-After seconds. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "workspaces.make_window": {
        parameters: {
            query?: never;
            header?: {
                /** @description the same key and body within a day are one request */
                "Idempotency-Key"?: string;
            };
            path: {
                /** @description an id, as answers show it */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "catch_up": "latest",
                 *       "duration": "2h",
                 *       "note": "The CRM is backed up",
                 *       "recurrence": "0 2 * * *",
                 *       "timezone": "Europe/Paris"
                 *     }
                 */
                "application/json": components["schemas"]["WindowBody"];
            };
        };
        responses: {
            /** @description It is done. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Window"];
                };
            };
            /** @description The request cannot be accepted: errors names every problem. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A valid API key is needed. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key may not do that, or a quota is reached. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It does not exist in this workspace. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It contradicts what is stored: a key that is taken, an outdated version, a state that forbids it. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests: come back after Retry-After seconds. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Something went wrong on the server; its log has the details. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server cannot do this now: come back after Retry-After seconds. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "workspaces.take_back_window": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description an id, as answers show it */
                id: string;
                /** @description the id of a maintenance window */
                window: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is done; the answer is empty. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The request cannot be accepted: errors names every problem. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A valid API key is needed. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The key may not do that, or a quota is reached. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It does not exist in this workspace. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It contradicts what is stored: a key that is taken, an outdated version, a state that forbids it. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many requests: come back after Retry-After seconds. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Something went wrong on the server; its log has the details. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The server cannot do this now: come back after Retry-After seconds. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
}
