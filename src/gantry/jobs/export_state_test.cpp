#include "gantry/jobs/export_state.hpp"

#include <gtest/gtest.h>

#include "gantry/base/error.hpp"

namespace gantry::jobs {
namespace {

TEST(ExportState, IsReadAsItWasWritten) {
  ExportState state{
      sha256("made by"), {{"KEY", "42"}, {"a \"quoted\" key", "\n"}}, 7, sha256("stamp")};
  EXPECT_EQ(ExportState::decode(state.encode()), state);
}

TEST(ExportState, ADamagedRecordIsNone) {
  std::string good = ExportState{sha256(""), {{"KEY", "42"}}, 7, sha256("")}.encode();
  for (std::size_t length = 0; length < good.size(); ++length) {
    EXPECT_THROW(ExportState::decode(good.substr(0, length)), Error) << length;
  }
  EXPECT_THROW(ExportState::decode(R"({"madeBy":"x","versions":{},"exported":1,"stamp":"y"})"),
               Error);
}

}  // namespace
}  // namespace gantry::jobs
