#include "gantry/base/error.hpp"

#include <cerrno>
#include <new>
#include <set>
#include <system_error>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace gantry {
namespace {

TEST(Error, PutsContextInFront) {
  Error error(ErrorCode::kBadResponse, "not an SVG");
  EXPECT_EQ(error.in("component 'ic/24/x'").in("icons.yaml").message(),
            "icons.yaml: component 'ic/24/x': not an SVG");
  EXPECT_STREQ(error.in("a").what(), "a: not an SVG");
  EXPECT_EQ(error.message(), "not an SVG") << "the original is not changed";
}

TEST(Error, KeepsItsAxesThroughContext) {
  Error error = Error(ErrorCode::kServer, "busy")
                    .with(Retry::kSameRequest)
                    .with(Scope::kRun)
                    .with_status(503)
                    .at({"a.yaml", 3, 7})
                    .in("job");
  EXPECT_EQ(error.code(), ErrorCode::kServer);
  EXPECT_EQ(error.retry(), Retry::kSameRequest);
  EXPECT_EQ(error.scope(), Scope::kRun);
  EXPECT_EQ(error.http_status(), 503);
  EXPECT_EQ(error.position(), (SourcePosition{"a.yaml", 3, 7}));
  EXPECT_EQ(error.message(), "job: a.yaml:3:7: busy");
}

TEST(Error, DefaultsToOneItemWithoutRetry) {
  Error error(ErrorCode::kIo, "x");
  EXPECT_EQ(error.retry(), Retry::kNever);
  EXPECT_EQ(error.scope(), Scope::kItem);
  EXPECT_EQ(error.http_status(), 0);
  EXPECT_EQ(error.position(), std::nullopt);
}

TEST(SourcePosition, PrintsWhatIsKnown) {
  EXPECT_EQ((SourcePosition{"f", 3, 7}.to_string()), "f:3:7");
  EXPECT_EQ((SourcePosition{"f", 3, 0}.to_string()), "f:3");
  EXPECT_EQ((SourcePosition{"f", 0, 7}.to_string()), "f");
}

TEST(ErrorCode, HasDistinctNames) {
  std::set<std::string_view> names;
  for (int code = 0; code <= static_cast<int>(ErrorCode::kInternal); ++code) {
    EXPECT_TRUE(names.insert(to_string(static_cast<ErrorCode>(code))).second) << code;
  }
  EXPECT_TRUE(names.contains("rate_limited"));
}

template <class Thrown>
Error caught(Thrown thrown) {
  try {
    throw thrown;
  } catch (...) {
    return current_error();
  }
}

TEST(CurrentError, TranslatesWhateverWasThrown) {
  EXPECT_EQ(caught(Error(ErrorCode::kConflict, "x").with_status(409)).http_status(), 409);
  EXPECT_EQ(caught(std::bad_alloc()).code(), ErrorCode::kTooLarge);
  EXPECT_EQ(caught(std::system_error(ECANCELED, std::generic_category())).code(),
            ErrorCode::kCancelled);
  EXPECT_EQ(caught(std::system_error(EACCES, std::generic_category())).code(), ErrorCode::kIo);
  EXPECT_EQ(caught(std::runtime_error("odd")).message(), "odd");
  EXPECT_EQ(caught(std::runtime_error("odd")).code(), ErrorCode::kInternal);
  EXPECT_EQ(caught(42).code(), ErrorCode::kInternal);
}

TEST(SystemError, NamesTheActAndTheReason) {
  struct {
    int number;
    ErrorCode code;
    std::string message;
  } cases[] = {
      {ENOSPC, ErrorCode::kNoSpace, "cannot write a: No space left on device"},
      {EDQUOT, ErrorCode::kNoSpace, "cannot write a: Disk quota exceeded"},
      {ENOENT, ErrorCode::kNotFound, "cannot write a: No such file or directory"},
      {EACCES, ErrorCode::kIo, "cannot write a: Permission denied"},
  };
  for (const auto& [number, code, message] : cases) {
    Error error = system_error("cannot write a", number);
    EXPECT_EQ(error.code(), code);
    EXPECT_EQ(error.message(), message);
  }
}

}  // namespace
}  // namespace gantry
