"""What a product does with Horarium for one of its customers, from the first target to the history page.

Run it with the address of a server and its administrator's key:  python product.py http://127.0.0.1:8080 hor_...
"""

import sys

from horarium_client import Conflict, Horarium, Invalid, NotFound
from horarium_client.types import ScheduleBody


def main(url: str, key: str, hook: str = "https://example.com/hooks/digest") -> None:
    with Horarium(url, key) as server:
        # A workspace for each customer, and a key that can do no more than the product needs.
        made = server.workspaces.create({"slug": "customer-7", "name": "Customer 7"})
    with Horarium(url, made["admin_key"]["key"]) as horarium:
        target = horarium.targets.put_by_key(
            "digest", {"name": "Digest", "kind": "automation", "executor": {"type": "http", "url": hook}}
        )
        print("verify what it sends with", target["signing_secret"])

        # While the user types: words and the next times, or what is wrong and where.
        try:
            horarium.schedules.preview_unsaved({"recurrence": "0 25 * * *"})
        except Invalid as error:
            print(error.errors[0]["field"], error.errors[0]["message"])
        preview = horarium.schedules.preview_unsaved(
            {"recurrence": "0 9 * * MON-FRI", "timezone": "Europe/Paris"}
        )
        print(preview["in_words"], [fire["at"] for fire in preview["next_fires"]][:2])

        # Saved under the product's own id: the same request again changes nothing.
        body: ScheduleBody = {
            "name": "Digest",
            "recurrence": "0 9 * * MON-FRI",
            "timezone": "Europe/Paris",
            "target": "digest",
            "input": {"user": 4},
            "labels": {"user": "4"},
        }
        schedule = horarium.schedules.put_by_key("user-4/digest", body)
        assert horarium.schedules.put_by_key("user-4/digest", body)["version"] == schedule["version"]

        # Many at once, with a result for each line.
        lines: list[ScheduleBody] = [
            {**body, "key": f"user-{number}/digest", "labels": {"user": str(number)}}
            for number in range(5, 55)
        ]
        results = list(horarium.schedules.bulk(lines, mode="upsert"))
        print(len(results), "lines:", {line["result"] for line in results})

        # Read, changed with its version, paused and fired by the same id.
        found = horarium.schedules.get_by_key("user-4/digest")
        horarium.schedules.update_by_key(
            "user-4/digest", {"name": "Morning digest"}, if_match=str(found["version"])
        )
        try:
            horarium.schedules.update_by_key(
                "user-4/digest", {"name": "Late"}, if_match=str(found["version"])
            )
        except Conflict as error:
            print("somebody else was first:", error)
        horarium.schedules.pause_by_key("user-4/digest", {"note": "on holiday"})
        horarium.schedules.resume_by_key("user-4/digest")
        fire = horarium.schedules.fire_now_by_key("user-4/digest")

        # The customer's page: their schedules by label, and what became of each run.
        for listed in horarium.schedules.list_all(label=["user:4"]):
            print(listed["name"], "next at", listed["next_fire_at"])
        for run in horarium.runs.list_all(fire=fire["id"]):
            print(run["id"], run["state"])
        why = horarium.schedules.explain_by_key("user-4/digest", at="2026-12-25T08:00:00Z")
        print(why["sentence"])

        horarium.schedules.delete_by_key("user-4/digest")
        try:
            horarium.schedules.get_by_key("user-4/digest")
        except NotFound:
            print("gone")


if __name__ == "__main__":
    main(*sys.argv[1:])
