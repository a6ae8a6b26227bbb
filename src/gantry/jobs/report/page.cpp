#include "gantry/jobs/report/page.hpp"

#include <map>
#include <string>
#include <string_view>

#include <boost/json.hpp>

#include "gantry/base/hash.hpp"
#include "gantry/jobs/report/pictures.hpp"
#include "gantry/jobs/report/report.hpp"
#include "gantry/jobs/report/value.hpp"

namespace gantry::jobs {
namespace {

namespace json = boost::json;

// JSON that may stand in a <script>: its strings can neither end the element nor begin a comment.
std::string for_script(const json::value& value) {
  const std::string text = json::serialize(value);
  std::string safe;
  safe.reserve(text.size() + text.size() / 16);
  for (std::size_t i = 0; i < text.size(); ++i) {
    const std::string_view rest = std::string_view(text).substr(i, 3);
    if (text[i] == '<') {
      safe += "\\u003c";
    } else if (text[i] == '>') {
      safe += "\\u003e";
    } else if (text[i] == '&') {
      safe += "\\u0026";
    } else if (rest == "\u2028" || rest == "\u2029") {
      safe += rest == "\u2028" ? "\\u2028" : "\\u2029";
      i += 2;
    } else {
      safe += text[i];
    }
  }
  return safe;
}

// As a Content-Security-Policy names the text of an element.
std::string policy_hash(std::string_view text) {
  const Digest digest = sha256(text);
  return "sha256-" + base64({reinterpret_cast<const char*>(digest.bytes.data()), 32});
}

// Each {{name}} of the template becomes its value, in which nothing more is looked for.
std::string filled(std::string_view rest, const std::map<std::string_view, std::string>& values) {
  std::string page;
  while (true) {
    const std::size_t begin = rest.find("{{");
    page += rest.substr(0, begin);
    if (begin == std::string_view::npos) return page;
    const std::size_t end = rest.find("}}", begin);
    page += values.at(rest.substr(begin + 2, end - begin - 2));
    rest.remove_prefix(end + 2);
  }
}

}  // namespace

std::string to_html(const RunReport& report) {
  const std::string script = std::string(page::kScript).append(page::kGalleryScript);
  const json::object data{{"report", report_value(report)}, {"pictures", pictures_value(report)}};
  return filled(page::kHtml, {{"style-hash", policy_hash(page::kStyle)},
                              {"script-hash", policy_hash(script)},
                              {"style", std::string(page::kStyle)},
                              {"script", script},
                              {"data", for_script(data)}});
}

}  // namespace gantry::jobs
