// What a refusal says: for the tests of what reads answers and records.
#pragma once

#include <string>

#include <gtest/gtest.h>

#include "gantry/base/error.hpp"

namespace gantry::figma {

std::string message_of(auto act) {
  try {
    act();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kBadResponse);
    return error.message();
  }
  ADD_FAILURE() << "nothing was thrown";
  return "";
}

}  // namespace gantry::figma
