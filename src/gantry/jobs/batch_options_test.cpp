#include "gantry/jobs/batch_options.hpp"

#include <gtest/gtest.h>

#include "gantry/config/config.hpp"

namespace gantry::jobs {
namespace {

TEST(BatchOptions, ComeFromTheConfigurationAndPassTheirOwnCheck) {
  config::Loaded loaded = config::parse(
      "web: {output: o, icons: {}}\n"
      "batch: {defaultConcurrency: 7, enableOptimizations: false, groupingStrategy: none,\n"
      "        maxBatchSize: 9, timeoutMs: 2500, deduplication: false}\n",
      "a.yaml");
  batch::BatchOptions options = batch_options(loaded.config.batch);
  EXPECT_NO_THROW(batch::check(options));
  EXPECT_EQ(options.concurrency, 7);
  EXPECT_FALSE(options.optimizations);
  EXPECT_EQ(options.grouping, batch::Grouping::kNone);
  EXPECT_EQ(options.batch_size, 9);
  EXPECT_EQ(options.timeout, std::chrono::milliseconds(2500));
  EXPECT_FALSE(options.deduplication);
}

TEST(BatchOptions, AreTheSameByDefaultInBothPlaces) {
  batch::BatchOptions from_config = batch_options(config::BatchSettings());
  batch::BatchOptions own;
  EXPECT_EQ(from_config.concurrency, own.concurrency);
  EXPECT_EQ(from_config.optimizations, own.optimizations);
  EXPECT_EQ(from_config.grouping, own.grouping);
  EXPECT_EQ(from_config.batch_size, own.batch_size);
  EXPECT_EQ(from_config.timeout, own.timeout);
  EXPECT_EQ(from_config.deduplication, own.deduplication);
}

TEST(BatchOptions, AWrongOneIsNamedWithItsPlace) {
  for (const char* text :
       {"batch: {defaultConcurrency: 21}", "batch: {defaultConcurrency: 0}",
        "batch: {maxBatchSize: 101}", "batch: {timeoutMs: 999}", "batch: {timeoutMs: 60001}",
        "batch: {groupingStrategy: suffix}", "batch: {deduplication: perhaps}"}) {
    try {
      config::parse(text, "a.yaml");
      ADD_FAILURE() << text;
    } catch (const Error& error) {
      std::string key(text + 8, std::string_view(text).find(':', 8) - 8);
      EXPECT_NE(error.message().find("'batch." + key + "'"), std::string::npos) << error.message();
      EXPECT_EQ(error.position()->line, 1) << text;
    }
  }
}

}  // namespace
}  // namespace gantry::jobs
