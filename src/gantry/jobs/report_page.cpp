#include <string>

#include "gantry/jobs/report.hpp"

namespace gantry::jobs {

// The JSON as a page.
std::string to_html(const RunReport& report) {
  std::string page = "<!doctype html><meta charset=\"utf-8\"><title>Gantry</title><pre>";
  for (char c : to_json(report)) {
    if (c == '<') {
      page += "&lt;";
    } else if (c == '&') {
      page += "&amp;";
    } else {
      page += c;
    }
  }
  return page + "</pre>\n";
}

}  // namespace gantry::jobs
