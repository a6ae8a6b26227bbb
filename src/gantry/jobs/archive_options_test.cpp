#include "gantry/jobs/archive_options.hpp"

#include <boost/json.hpp>
#include <gtest/gtest.h>

namespace gantry::jobs {
namespace {

std::vector<std::string> faults_of(ArchiveFormat format, const char* text) {
  std::vector<OptionFault> faults;
  read_archive_options(format, boost::json::parse(text), faults);
  std::vector<std::string> lines;
  lines.reserve(faults.size());
  for (const OptionFault& fault : faults) lines.push_back(fault.pointer + " " + fault.message);
  return lines;
}

using Lines = std::vector<std::string>;

TEST(ArchiveOptions, HaveTheDefaultsOfTheirFormat) {
  std::vector<OptionFault> faults;
  auto mods = read_archive_options(ArchiveFormat::kMods, boost::json::object(), faults);
  EXPECT_EQ(mods.max_depth, 5U);
  EXPECT_FALSE(mods.is_recursive);
  EXPECT_TRUE(mods.include_ocr);
  auto pinax = read_archive_options(ArchiveFormat::kPinax, boost::json::object(), faults);
  EXPECT_EQ(pinax.max_depth, 10U);
  EXPECT_TRUE(faults.empty());
}

TEST(ArchiveOptions, AreReadFromARequest) {
  std::vector<OptionFault> faults;
  auto options = read_archive_options(
      ArchiveFormat::kPinax,
      boost::json::parse(R"({"recursive":true,"maxDepth":0,"includeOcr":false,"maxTextLength":100,)"
                         R"("entitySource":"both","includeComponents":true,)"
                         R"("componentTypes":["ref","other"],"entityBatchSize":3})"),
      faults);
  EXPECT_TRUE(faults.empty());
  EXPECT_TRUE(options.is_recursive);
  EXPECT_EQ(options.max_depth, 0U);
  EXPECT_EQ(options.pinax().max_text_length, 100U);
  EXPECT_EQ(options.entity_source, exporters::pinax::EntitySource::kBoth);
  EXPECT_EQ(options.component_types.size(), 2U);
  EXPECT_EQ(options.entities_ahead, 3U);
}

TEST(ArchiveOptions, NameEveryFaultByItsPlace) {
  EXPECT_EQ(
      faults_of(ArchiveFormat::kMods,
                R"({"maxDepth":51,"recursive":"yes","cheimarrosMode":"some","non/sense":1,)"
                R"("parallelBatchSize":0,"validate":true,"maxTextLength":5})"),
      (Lines{"/recursive is neither true nor false", "/maxDepth is not a whole number from 0 to 50",
             "/parallelBatchSize is not a whole number from 1 to 100",
             "/cheimarrosMode is none of full, minimal, skip", "/validate cannot be true",
             "/non~1sense is no option of mods exports",
             "/maxTextLength is no option of mods exports"}));
  EXPECT_EQ(faults_of(ArchiveFormat::kPinax, R"({"maxDepth":1.5,"componentTypes":["ref","x",7]})"),
            (Lines{"/maxDepth is not a whole number from 0 to 50",
                   "/componentTypes/1 is none of ref, pinax, description, cheimarros, other",
                   "/componentTypes/2 is none of ref, pinax, description, cheimarros, other"}));
  EXPECT_EQ(faults_of(ArchiveFormat::kMods, "[]"), Lines{" is not an object"});
}

TEST(ArchiveOptions, NameTheFile) {
  auto options = ArchiveOptions::defaults(ArchiveFormat::kMods);
  EXPECT_EQ(options.file_name("X"), "X.xml");
  options.is_recursive = true;
  EXPECT_EQ(options.file_name("X"), "X-collection.xml");
  options.format = ArchiveFormat::kPinax;
  EXPECT_EQ(options.file_name("X"), "X-collection.json");
}

}  // namespace
}  // namespace gantry::jobs
