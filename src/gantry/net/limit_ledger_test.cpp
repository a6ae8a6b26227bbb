#include "gantry/net/limit_ledger.hpp"

#include <gtest/gtest.h>

#include "gantry/base/files.hpp"

namespace gantry::net {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

const async::WallTime kNow{std::chrono::seconds(1'800'000'000)};

class LimitLedgerTest : public ::testing::Test {
 protected:
  LimitLedgerTest() {
    std::string name = (fs::temp_directory_path() / "gantry-ledger-XXXXXX").string();
    folder_ = ::mkdtemp(name.data());
  }
  ~LimitLedgerTest() override { fs::remove_all(folder_); }

  fs::path folder_;
};

TEST_F(LimitLedgerTest, RemembersForOneCredentialOnlyAndUntilItIsOver) {
  LimitLedger ledger(folder_ / "state/limits.json", "aaaa");
  ledger.note_pause("api.figma.com", kNow + 2h);
  ledger.note_call("tier 1", kNow - 1h, 720h);
  ledger.note_call("tier 1", kNow, 720h);

  LimitLedger next(folder_ / "state/limits.json", "aaaa");
  EXPECT_EQ(next.read(kNow).pauses.at("api.figma.com"), kNow + 2h);
  EXPECT_EQ(next.read(kNow).calls.at("tier 1").size(), 2u);
  EXPECT_TRUE(next.read(kNow + 3h).pauses.empty());
  EXPECT_TRUE(LimitLedger(folder_ / "state/limits.json", "bbbb").read(kNow).pauses.empty());
}

TEST_F(LimitLedgerTest, ForgetsCallsThatNoLongerCount) {
  LimitLedger ledger(folder_ / "limits.json", "aaaa");
  ledger.note_call("tier 1", kNow - 721h, 720h);
  ledger.note_call("tier 1", kNow, 720h);
  EXPECT_EQ(ledger.read(kNow).calls.at("tier 1").size(), 1u);
}

TEST_F(LimitLedgerTest, ADamagedFileIsAnEmptyOneAndIsMended) {
  for (const char* damage : {"", "{", "[1]", R"({"aaaa":7})", R"({"aaaa":{"pauses":{"h":"x"}}})",
                             R"({"aaaa":{"calls":{"t":[[]]}}})"}) {
    write_file_atomically(folder_ / "limits.json", damage);
    LimitLedger ledger(folder_ / "limits.json", "aaaa");
    EXPECT_TRUE(ledger.read(kNow).pauses.empty()) << damage;
    ledger.note_pause("h", kNow + 1h);
    EXPECT_TRUE(ledger.read(kNow).pauses.contains("h")) << damage;
  }
}

TEST_F(LimitLedgerTest, AFolderThatCannotBeWrittenIsNoReasonToFail) {
  write_file_atomically(folder_ / "file", "");
  LimitLedger ledger(folder_ / "file/limits.json", "aaaa");
  ledger.note_pause("h", kNow + 1h);
  EXPECT_TRUE(ledger.read(kNow).pauses.empty());
}

}  // namespace
}  // namespace gantry::net
