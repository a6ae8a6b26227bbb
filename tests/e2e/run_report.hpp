// The report of a run, as far as tests ask for it.
//
//   RunReport report(workspace / "report.json");
//   EXPECT_THAT(report.names(true), ElementsAre("1.yaml"));
#pragma once

#include <algorithm>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>

#include "testing/files.hpp"

namespace gantry::testing {

class RunReport {
 public:
  explicit RunReport(const std::filesystem::path& file)
      : object_(boost::json::parse(read_text(file)).as_object()) {}

  int number(std::string_view key) const { return object_.at(key).to_number<int>(); }
  int total(std::string_view key) const {
    return object_.at("totals").as_object().at(key).to_number<int>();
  }
  const boost::json::object& whole() const { return object_; }
  const boost::json::array& results() const { return object_.at("results").as_array(); }
  const boost::json::object& result(std::string_view name) const {
    for (const boost::json::value& result : results()) {
      if (result.as_object().at("name").as_string() == name) return result.as_object();
    }
    throw std::runtime_error("no result " + std::string(name));
  }
  std::vector<std::string> names(bool succeeded) const {
    std::vector<std::string> names;
    for (const boost::json::value& result : results()) {
      if (result.as_object().at("success").as_bool() == succeeded) {
        names.emplace_back(result.as_object().at("name").as_string());
      }
    }
    return names;
  }
  // How many configurations were executed at the same time, at most.
  int most_at_once() const {
    std::vector<std::pair<double, int>> events;
    for (const boost::json::value& result : results()) {
      for (const boost::json::value& phase : result.as_object().at("phases").as_array()) {
        const boost::json::object& span = phase.as_object();
        const boost::json::string& name = span.at("name").as_string();
        if (name == "listing" || name == "waiting") continue;
        events.emplace_back(span.at("begin").to_number<double>() + 0.0005, 1);
        events.emplace_back(span.at("end").to_number<double>(), -1);
      }
    }
    std::sort(events.begin(), events.end());
    int now = 0;
    int most = 0;
    for (const auto& [time, change] : events) most = std::max(most, now += change);
    return most;
  }

 private:
  boost::json::object object_;
};

}  // namespace gantry::testing
