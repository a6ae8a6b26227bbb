#include "gantry/service/outbox.hpp"

#include <boost/json/parse.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gantry/service/task_reader.hpp"
#include "gantry/service/task_writer.hpp"

#include "testing/files.hpp"

namespace gantry::service {
namespace {

using namespace std::chrono_literals;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::StartsWith;

const async::WallTime kToday = async::WallTime() + 1'763'061'234'567ms;

class Outbox : public ::testing::Test {
 protected:
  Submission submit(std::initializer_list<WebhookEvent> events, std::size_t count = 1) {
    NewBatch batch{.kind = "mods", .options = "{}", .subjects = {}};
    for (std::size_t i = 0; i < count; ++i) batch.subjects.push_back(std::string(1, 'A' + char(i)));
    batch.owner = "ci";
    batch.webhook.emplace().url = "https://a.example/hook?token=x";
    for (WebhookEvent event : events) batch.webhook->add(event);
    return writer_.submit(batch, kToday);
  }
  std::vector<Notice> due(async::WallTime now = kToday, std::set<std::int64_t> busy = {}) {
    return reader_.due_notices(now, busy, 10);
  }
  WebhookState state(const Submission& submission) {
    return *reader_.batch(submission.batch_id)->webhook;
  }
  void fail(const Notice& notice, async::WallTime now, bool is_final = false) {
    note_failure(writer_.database(), notice, "the receiver answers 500", is_final, now);
  }

  testing::TemporaryFolder folder_;
  TaskWriter writer_{folder_.path() / "tasks.sqlite"};
  TaskReader reader_{folder_.path() / "tasks.sqlite"};
};

TEST_F(Outbox, HoldsWhatTheWebhookWantsInTheOrderOfTheEvents) {
  Submission submission = submit({WebhookEvent::kTaskEnded, WebhookEvent::kBatchEnded});
  EXPECT_THAT(due(), IsEmpty());
  writer_.cancel(submission.batch_id, kToday);
  ASSERT_THAT(due(), SizeIs(1)) << "one of each batch at a time";
  Notice first = due().at(0);
  EXPECT_THAT(first.id, StartsWith(submission.batch_id + "_"));
  EXPECT_EQ(first.owner, "ci");
  EXPECT_EQ(first.url, "https://a.example/hook?token=x");
  boost::json::value body = boost::json::parse(first.body);
  EXPECT_EQ(body.at("type").as_string(), "task.ended");
  EXPECT_EQ(body.at("timestamp").as_string(), "2025-11-13T19:13:54Z");
  EXPECT_EQ(body.at("data").at("task_id").as_string(), submission.task_ids[0]);
  EXPECT_EQ(body.at("data").at("state").as_string(), "cancelled");
  EXPECT_THAT(due(kToday, {first.batch}), IsEmpty());
  note_delivery(writer_.database(), first);
  Notice second = due().at(0);
  EXPECT_NE(second.id, first.id);
  EXPECT_EQ(boost::json::parse(second.body).at("type").as_string(), "batch.ended");
  EXPECT_EQ(boost::json::parse(second.body).at("data").at("counts").at("failed").as_int64(), 1);
  EXPECT_EQ(state(submission).delivered, 1u);
  EXPECT_EQ(state(submission).pending, 1u);
}

TEST_F(Outbox, HoldsNothingThatNobodyWants) {
  Submission submission = submit({WebhookEvent::kBatchEnded}, 3);
  writer_.cancel(submission.batch_id, kToday);
  Notice notice = due().at(0);
  EXPECT_EQ(boost::json::parse(notice.body).at("type").as_string(), "batch.ended");
  note_delivery(writer_.database(), notice);
  EXPECT_THAT(due(kToday + 48h), IsEmpty());
  EXPECT_EQ(state(submission).delivered, 1u);
}

TEST_F(Outbox, AnotherEndAfterARetryIsAnotherEvent) {
  Submission submission = submit({WebhookEvent::kBatchEnded});
  writer_.cancel(submission.batch_id, kToday);
  Notice first = due().at(0);
  note_delivery(writer_.database(), first);
  writer_.retry(submission.batch_id, 3, kToday + 1s);
  writer_.cancel(submission.batch_id, kToday + 2s);
  EXPECT_NE(due(kToday + 2s).at(0).id, first.id);
}

TEST_F(Outbox, WhatFailsIsSentAgainLaterAndLaterAndGivenUpAfterADay) {
  Submission submission = submit({WebhookEvent::kBatchEnded});
  writer_.cancel(submission.batch_id, kToday);
  const Notice first = due().at(0);
  async::WallTime now = kToday;
  async::Duration last{};
  int sent = 0;
  while (state(submission).failed == 0) {
    std::vector<Notice> next = due(now);
    if (next.empty()) {
      async::Duration step = last < 1min ? 1s : 60s;
      now += step;
      last += step;
      continue;
    }
    EXPECT_EQ(next[0].id, first.id);
    EXPECT_EQ(next[0].body, first.body);
    if (sent == 2) EXPECT_EQ(last, 2s);
    EXPECT_LE(last, 1h + 1min);
    last = {};
    ++sent;
    fail(next[0], now);
  }
  EXPECT_GT(sent, 20);
  EXPECT_LE(now, kToday + 24h);
  EXPECT_THAT(due(now + 48h), IsEmpty());
  EXPECT_EQ(state(submission).pending, 0u);
  EXPECT_EQ(state(submission).last_error, "the receiver answers 500");
}

TEST_F(Outbox, AFinalFailureIsNotTriedAgain) {
  Submission submission = submit({WebhookEvent::kBatchEnded});
  writer_.cancel(submission.batch_id, kToday);
  fail(due().at(0), kToday, true);
  EXPECT_THAT(due(kToday + 48h), IsEmpty());
  EXPECT_EQ(state(submission).failed, 1u);
  NoticeTotals totals = reader_.totals(kToday).notices;
  EXPECT_EQ(totals.failed, 1u);
  EXPECT_EQ(totals.pending, 0u);
}

TEST_F(Outbox, GoesWithItsBatch) {
  Submission submission = submit({WebhookEvent::kBatchEnded});
  Submission other = submit({WebhookEvent::kBatchEnded});
  writer_.cancel(submission.batch_id, kToday);
  writer_.cancel(other.batch_id, kToday);
  EXPECT_THAT(due(), SizeIs(2));
  writer_.remove(submission.batch_id);
  EXPECT_THAT(due(), SizeIs(1));
  EXPECT_EQ(reader_.totals(kToday).notices.pending, 1u);
}

}  // namespace
}  // namespace gantry::service
