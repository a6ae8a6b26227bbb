#include "gantry/service/outbox.hpp"

#include <algorithm>
#include <chrono>

#include <boost/json/serialize.hpp>
#include <fmt/chrono.h>
#include <fmt/format.h>

#include "gantry/service/api_json.hpp"

namespace gantry::service {
namespace {

using Query = TaskDatabase::Query;
using std::chrono::milliseconds;

constexpr milliseconds kFirstNoticeDelay{1000};
constexpr milliseconds kLongestNoticeDelay = std::chrono::hours(1);
constexpr milliseconds kPatience = std::chrono::hours(24);

milliseconds notice_delay_after(int attempts) {
  return std::min<milliseconds>(kLongestNoticeDelay,
                                kFirstNoticeDelay * (1LL << std::min(attempts - 1, 20)));
}

std::string body_of(const TaskEvent& event, WebhookEvent kind,
                    const std::optional<TaskCounts>& counts) {
  auto seconds = std::chrono::floor<std::chrono::seconds>(event.at);
  return boost::json::serialize(
      boost::json::object{{"type", to_string(kind)},
                          {"timestamp", fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", seconds)},
                          {"data", event_value(event, counts)}});
}

std::optional<Webhook> webhook_of(TaskDatabase& database, std::int64_t batch) {
  Query query = database.query("SELECT url, events FROM webhooks WHERE batch = ?", batch);
  if (!query.next()) return std::nullopt;
  return Webhook{query.text(0), static_cast<unsigned>(query.number(1))};
}

void forget(TaskDatabase& database, const Notice& notice) {
  database.execute("DELETE FROM notices WHERE event = ?", notice.event);
}

}  // namespace

void set_webhook(TaskDatabase& database, std::int64_t batch, const Webhook& webhook) {
  database.execute("INSERT INTO webhooks(batch, url, events) VALUES(?, ?, ?)", batch, webhook.url,
                   static_cast<std::int64_t>(webhook.events));
}

void add_notice(TaskDatabase& database, std::int64_t batch, std::int64_t event,
                async::WallTime now) {
  std::optional<Webhook> webhook = webhook_of(database, batch);
  if (!webhook) return;
  TaskEvent its = read_event(database, event);
  WebhookEvent kind = its.task_id.empty() ? WebhookEvent::kBatchEnded : WebhookEvent::kTaskEnded;
  if (!has_ended(its.state) || !webhook->wants(kind)) return;
  std::optional<TaskCounts> counts;
  if (its.batch_id != kNoBatch) counts = read_counts(database, batch);
  database.execute(
      "INSERT INTO notices(event, batch, body, attempts, next_at, created_at) "
      "VALUES(?, ?, ?, 0, ?, ?)",
      event, batch, body_of(its, kind, counts), unix_milliseconds(now), unix_milliseconds(now));
}

void note_delivery(TaskDatabase& database, const Notice& notice) {
  forget(database, notice);
  database.execute("UPDATE webhooks SET delivered = delivered + 1 WHERE batch = ?", notice.batch);
}

void note_failure(TaskDatabase& database, const Notice& notice, const std::string& error,
                  bool is_final, async::WallTime now) {
  async::WallTime next = now + notice_delay_after(notice.attempts + 1);
  database.execute("UPDATE webhooks SET last_error = ? WHERE batch = ?", error, notice.batch);
  int kept = 0;
  if (!is_final) {
    kept = database.execute(
        "UPDATE notices SET attempts = attempts + 1, next_at = ? "
        "WHERE event = ? AND created_at > ?",
        unix_milliseconds(next), notice.event, unix_milliseconds(next - kPatience));
  }
  if (kept > 0) return;
  forget(database, notice);
  database.execute("UPDATE webhooks SET failed = failed + 1 WHERE batch = ?", notice.batch);
}

std::vector<Notice> due_notices(TaskDatabase& database, async::WallTime now,
                                const std::set<std::int64_t>& busy, std::size_t limit) {
  std::vector<Notice> notices;
  {
    // SQLite takes `event` from the row of the minimum.
    Query query = database.query(
        "SELECT batch, event, min(next_at) FROM notices WHERE next_at <= ? GROUP BY batch "
        "ORDER BY 3",
        unix_milliseconds(now));
    while (notices.size() < limit && query.next()) {
      if (busy.contains(query.number(0))) continue;
      Notice& notice = notices.emplace_back();
      notice.batch = query.number(0);
      notice.event = query.number(1);
    }
  }
  for (Notice& notice : notices) {
    Query query = database.query(
        "SELECT b.id, b.owner, w.url, n.body, n.attempts FROM notices n "
        "JOIN batches b ON b.number = n.batch JOIN webhooks w ON w.batch = n.batch "
        "WHERE n.event = ?",
        notice.event);
    // It may be gone by now.
    if (!query.next()) continue;
    notice.id = fmt::format("{}_{}", query.text(0), notice.event);
    notice.owner = query.text(1);
    notice.url = query.text(2);
    notice.body = query.text(3);
    notice.attempts = static_cast<int>(query.number(4));
  }
  std::erase_if(notices, [](const Notice& notice) { return notice.id.empty(); });
  return notices;
}

std::optional<WebhookState> webhook_state(TaskDatabase& database, std::int64_t batch) {
  Query query = database.query(
      "SELECT url, events, delivered, failed, last_error, "
      "(SELECT count(*) FROM notices n WHERE n.batch = w.batch) FROM webhooks w WHERE batch = ?",
      batch);
  if (!query.next()) return std::nullopt;
  return WebhookState{.webhook = {query.text(0), static_cast<unsigned>(query.number(1))},
                      .pending = static_cast<std::uint64_t>(query.number(5)),
                      .delivered = static_cast<std::uint64_t>(query.number(2)),
                      .failed = static_cast<std::uint64_t>(query.number(3)),
                      .last_error = query.text(4)};
}

NoticeTotals notice_totals(TaskDatabase& database) {
  Query query = database.query(
      "SELECT (SELECT count(*) FROM notices), ifnull(sum(delivered), 0), ifnull(sum(failed), 0) "
      "FROM webhooks");
  query.next();
  return {static_cast<std::uint64_t>(query.number(0)), static_cast<std::uint64_t>(query.number(1)),
          static_cast<std::uint64_t>(query.number(2))};
}

}  // namespace gantry::service
