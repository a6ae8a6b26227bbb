#include "gantry/arke/client.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gantry/net/admission.hpp"
#include "gantry/store/memory_store.hpp"

#include "testing/scripted_transport.hpp"
#include "testing/virtual_loop.hpp"

namespace gantry::arke {
namespace {

using gantry::testing::ScriptedTransport;
using ::testing::HasSubstr;

constexpr const char* kPi = "01JZTEST000000000000000001";
// Of "hello world".
constexpr const char* kCid = "bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e";

class ArkeClient : public ::testing::Test {
 protected:
  ArkeClient() {
    admission_.queue().set_pool("downloads", 4, net::LaneOrder::kInTurn);
    admission_.queue().set_budget("Arke", 1000, std::chrono::seconds(1));
  }
  ~ArkeClient() override {
    scope_.cancel();
    loop_.settle();
  }

  Client& client() {
    if (client_ == nullptr) {
      batch::Services services{loop_.executor(), loop_.clock(), scope_, admission_};
      client_ = std::make_unique<Client>(services, http_, options_);
    }
    return *client_;
  }

  archive::Entity entity() { return loop_.run_for(client().entity(*archive::Pi::parse(kPi), {})); }
  std::optional<std::string> content(const char* cid) {
    auto items = loop_.run_for(client().contents({{"notes.txt", cid}}, {}));
    return client().text_of(items.front(), "notes.txt");
  }
  template <class Act>
  Error failure_of(Act act) {
    try {
      act();
    } catch (const Error& error) {
      return error;
    }
    ADD_FAILURE() << "no error";
    return Error(ErrorCode::kInternal, "");
  }
  void answer(int status, std::string body) {
    transport_.answers.push_back(ScriptedTransport::answer(status, std::move(body)));
  }
  static std::string manifest(const char* pi) {
    return fmt::format(R"({{"pi":"{}","ver":1,"ts":"2026","manifest_cid":"bafyM"}})", pi);
  }

  gantry::testing::VirtualLoop loop_;
  ScriptedTransport transport_{loop_.clock()};
  net::Admission admission_{loop_.executor(), loop_.clock(), std::chrono::minutes(15)};
  async::TaskScope scope_{loop_.executor()};
  net::Client http_{
      transport_, admission_, net::EgressPolicy(), loop_.clock(), [](const std::string&) {}, 1};
  ClientOptions options_;
  std::unique_ptr<Client> client_;
};

TEST_F(ArkeClient, AsksTheApiForAnEntityOnce) {
  answer(200, manifest(kPi));
  EXPECT_EQ(std::get<archive::Manifest>(entity()).pi.text(), kPi);
  entity();
  ASSERT_EQ(transport_.requests.size(), 1U);
  EXPECT_EQ(transport_.requests[0].url, std::string(kPublicApi) + "/entities/" + kPi);
}

TEST_F(ArkeClient, TriesAgainWhatIsBrokenAndNeverTakesItForAnAbsence) {
  answer(503, "");
  answer(200, "<html>wait</html>");
  answer(200, manifest(kPi).substr(0, 30));
  answer(200, manifest(kPi));
  EXPECT_EQ(std::get<archive::Manifest>(entity()).pi.text(), kPi);
  EXPECT_EQ(transport_.requests.size(), 4U);
}

TEST_F(ArkeClient, SaysWhatTheArchiveSays) {
  answer(404, R"({"error":"NOT_FOUND","message":"Entity not\nfound"})");
  Error missing = failure_of([this] { entity(); });
  EXPECT_EQ(missing.code(), ErrorCode::kNotFound);
  EXPECT_THAT(missing.message(), HasSubstr(kPi));
  EXPECT_THAT(missing.message(), HasSubstr("Entity not found"));
  transport_.answers.clear();
  answer(500, "x");
  Error broken = failure_of([this] { entity(); });
  EXPECT_EQ(broken.code(), ErrorCode::kServer);
}

TEST_F(ArkeClient, DoesNotTakeAnAnswerThatWasNotRecordedForAnAbsence) {
  transport_.answers.emplace_back(
      tl::unexpected(Error(ErrorCode::kNotFound, "no answer to GET in the recording")));
  EXPECT_EQ(failure_of([this] { entity(); }).code(), ErrorCode::kNetwork);
  EXPECT_EQ(failure_of([this] { content(kCid); }).code(), ErrorCode::kNetwork);
}

TEST_F(ArkeClient, RefusesAnAnswerAboutAnotherEntity) {
  answer(200, manifest("01JZTEST000000000000000009"));
  Error error = failure_of([this] { entity(); });
  EXPECT_EQ(error.code(), ErrorCode::kBadResponse);
  EXPECT_THAT(error.message(), HasSubstr("about another entity"));
}

TEST_F(ArkeClient, ChecksContentAgainstTheHashInItsName) {
  answer(200, "hello w");
  answer(200, "hello world");
  EXPECT_EQ(content(kCid), "hello world");
  EXPECT_EQ(transport_.requests.size(), 2U);
}

TEST_F(ArkeClient, GivesUpOnContentThatIsNeverWhatItsNameSays) {
  answer(200, "forged");
  Error error = failure_of([this] { content(kCid); });
  EXPECT_EQ(error.code(), ErrorCode::kBadResponse);
  EXPECT_THAT(error.message(), HasSubstr("notes.txt"));
}

TEST_F(ArkeClient, TakesContentWhoseNameTellsNoHashUnlessItIsAPage) {
  answer(200, "<!DOCTYPE html><p>one moment");
  answer(200, "# Letter");
  EXPECT_EQ(content("bafyP"), "# Letter");
}

TEST_F(ArkeClient, TellsContentThatIsNotThereFromContentThatCannotBeHad) {
  answer(404, "");
  EXPECT_EQ(content(kCid), std::nullopt);
  transport_.answers.clear();
  answer(504, "");
  EXPECT_EQ(failure_of([this] { content(kCid); }).code(), ErrorCode::kServer);
}

TEST_F(ArkeClient, AsksTheGraphByPostAndTakes404ForNothing) {
  answer(404, "{}");
  auto linked = loop_.run_for(client().linked(*archive::Pi::parse(kPi), {}));
  EXPECT_TRUE(linked.empty());
  ASSERT_EQ(transport_.requests.size(), 1U);
  EXPECT_EQ(transport_.requests[0].method, "POST");
  EXPECT_EQ(transport_.requests[0].body, fmt::format(R"({{"pi":"{}"}})", kPi));
}

TEST_F(ArkeClient, KeepsContentForGoodButAsksForEntitiesAnew) {
  store::MemoryStore store(loop_.clock(), 1 << 20);
  options_.store = &store;
  answer(200, manifest(kPi));
  entity();
  transport_.answers.clear();
  answer(200, "hello world");
  content(kCid);
  loop_.run(client().flush());
  client_.reset();
  loop_.advance(std::chrono::hours(24 * 365));
  transport_.answers.clear();
  answer(500, "");
  EXPECT_EQ(content(kCid), "hello world");
  EXPECT_EQ(failure_of([this] { entity(); }).code(), ErrorCode::kServer);
  loop_.run(client().flush());
  scope_.cancel();
  loop_.settle();
  client_.reset();
}

}  // namespace
}  // namespace gantry::arke
