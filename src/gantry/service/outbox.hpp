// The events that webhooks are still to be told, in the database of the service: written in the
// transaction of the change that they tell of, kept until they are delivered or given up.
//
// What it throws, see TaskDatabase.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "gantry/async/clock.hpp"
#include "gantry/service/task_database.hpp"
#include "gantry/service/webhook.hpp"

namespace gantry::service {

// Of all batches.
struct NoticeTotals {
  std::uint64_t pending = 0;
  std::uint64_t delivered = 0;
  std::uint64_t failed = 0;
};

// The writer's.
void set_webhook(TaskDatabase& database, std::int64_t batch, const Webhook& webhook);
// If the batch has a webhook that wants this event of it, which has just been recorded.
void add_notice(TaskDatabase& database, std::int64_t batch, std::int64_t event,
                async::WallTime now);
void note_delivery(TaskDatabase& database, const Notice& notice);
// It is sent again after 1, 2, 4 ... seconds, at most an hour, and given up a day after the event;
// at once if that is `final`.
void note_failure(TaskDatabase& database, const Notice& notice, const std::string& error,
                  bool is_final, async::WallTime now);

// The reader's. What it is time for, one of each batch, but of none of `busy`.
std::vector<Notice> due_notices(TaskDatabase& database, async::WallTime now,
                                const std::set<std::int64_t>& busy, std::size_t limit);
std::optional<WebhookState> webhook_state(TaskDatabase& database, std::int64_t batch);
NoticeTotals notice_totals(TaskDatabase& database);

}  // namespace gantry::service
