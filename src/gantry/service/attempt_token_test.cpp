#include "gantry/service/attempt_token.hpp"

#include <gtest/gtest.h>

namespace gantry::service {
namespace {

using namespace std::chrono_literals;

const Secret kKey("0123456789abcdef0123456789abcdef");
const async::WallTime kIssued = async::WallTime() + 1'763'061'234'567ms;

TEST(AttemptToken, StandsForItsAttemptOnly) {
  std::string token = attempt_token(kKey, "export_mods_1", 2, kIssued + 1min).reveal();
  EXPECT_EQ(attempt_of_token(kKey, "export_mods_1", token, kIssued), 2);
  EXPECT_EQ(attempt_of_token(kKey, "export_mods_2", token, kIssued), std::nullopt)
      << "another task";
  EXPECT_EQ(attempt_of_token(Secret("another key"), "export_mods_1", token, kIssued), std::nullopt);
  EXPECT_EQ(attempt_of_token(kKey, "export_mods_1", token, kIssued + 61s), std::nullopt)
      << "too old";
}

TEST(AttemptToken, NoChangeOfItIsTaken) {
  const std::string token = attempt_token(kKey, "t", 1, kIssued + 1min).reveal();
  for (std::size_t i = 0; i < token.size(); ++i) {
    std::string changed = token;
    changed[i] = changed[i] == '2' ? '3' : '2';
    EXPECT_EQ(attempt_of_token(kKey, "t", changed, kIssued), std::nullopt) << changed;
    EXPECT_EQ(attempt_of_token(kKey, "t", token.substr(0, i), kIssued), std::nullopt) << i;
  }
  for (const char* text : {"", ".", "..", "1", "1.", "-1.2.", "1.99999999999999999999.",
                           "99999999999.1763061294567."}) {
    EXPECT_EQ(attempt_of_token(kKey, "t", text, kIssued), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace gantry::service
