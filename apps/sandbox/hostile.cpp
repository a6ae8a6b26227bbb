#include <utility>
#include <vector>

#include <fmt/format.h>

#include "apps/sandbox/design.hpp"

namespace gantry::sandbox {
namespace {

constexpr int kGoodIcons = 10;
constexpr int kGoodColors = 10;
constexpr std::size_t kLongName = 300;
constexpr std::string_view kHead =
    R"(<svg width="24" height="24" viewBox="0 0 24 24" xmlns="http://www.w3.org/2000/svg">)";
constexpr std::string_view kSquare = R"(<path d="M2 2H22V22H2Z" fill="#1F2937"/>)";

std::vector<std::string> hostile_names() {
  return {"../../x",
          "a/../../b",
          "/etc/cron.d/x",
          "C:\\windows\\x",
          "a\\..\\..\\b",
          "CON",
          "nul.txt",
          ".",
          "..",
          "",
          " ",
          std::string(kLongName, 'n'),
          std::string("control\x01\x1f\nname", 14),
          std::string("zero\0byte", 9),
          "equal_but_for_case",
          "Equal_But_For_Case",
          "equal_form_caf\xc3\xa9",
          "equal_form_cafe\xcc\x81",
          "trailing_dot.",
          "trailing_space ",
          "turned_\xe2\x80\xaegpj.exe",
          "<script>alert(1)</script>",
          "$(touch x)`touch y`;touch z",
          "-rf",
          "~/x",
          "quote\"'*/}); //"};
}

std::string nested_groups(int megabytes) {
  constexpr std::string_view kOpen = "<g>";
  constexpr std::string_view kClose = "</g>";
  const auto depth =
      static_cast<std::size_t>(megabytes) * 1024 * 1024 / (kOpen.size() + kClose.size());
  std::string text(kHead);
  text.reserve(text.size() + depth * (kOpen.size() + kClose.size()) + 128);
  for (std::size_t i = 0; i < depth; ++i) text += kOpen;
  text += kSquare;
  for (std::size_t i = 0; i < depth; ++i) text += kClose;
  return text + "</svg>";
}

std::string expanding_entities() {
  std::string text = "<!DOCTYPE svg [\n<!ENTITY e0 \"0123456789\">\n";
  for (int i = 1; i < 10; ++i) {
    text += fmt::format("<!ENTITY e{0} \"&e{1};&e{1};&e{1};&e{1};&e{1};&e{1};&e{1};&e{1};\">\n", i,
                        i - 1);
  }
  return fmt::format("{}]>\n{}<text>&e9;</text></svg>", text, kHead);
}

std::vector<std::pair<std::string, std::string>> hostile_pictures(int nesting_mb) {
  const auto svg = [](std::string_view inner) { return fmt::format("{}{}</svg>", kHead, inner); };
  return {
      {"svg_doctype", fmt::format("<!DOCTYPE svg PUBLIC \"-//W3C//DTD SVG 1.1//EN\" "
                                  "\"http://127.0.0.3/dtd\">\n{}",
                                  svg(kSquare))},
      {"svg_expanding_entities", expanding_entities()},
      {"svg_external_entity",
       fmt::format("<!DOCTYPE svg [<!ENTITY x SYSTEM \"file:///etc/passwd\">]>\n{}",
                   svg("<text>&x;</text>"))},
      {"svg_script", svg("<script>alert(1)</script>")},
      {"svg_event", svg("<path d=\"M2 2H22V22Z\" onload=\"alert(1)\"/>")},
      {"svg_script_link", svg("<a href=\"javascript:alert(1)\"><path d=\"M2 2H22V22Z\"/></a>")},
      {"svg_foreign", svg("<foreignObject><iframe src=\"http://127.0.0.3/\"/></foreignObject>")},
      {"svg_outer_image", svg("<image href=\"http://127.0.0.3/pixel.png\" width=\"24\"/>")},
      {"svg_nested", nested_groups(nesting_mb)},
      {"svg_empty", ""},
      {"svg_is_html", "<!doctype html><html><body>Sign in</body></html>"},
      {"svg_is_json", "{\"status\":404,\"err\":\"Not found\"}"},
      {"svg_cut", fmt::format("{}<path d=\"M2 2H2", kHead)},
      {"svg_not_utf8", svg("<title>\xff\xfe\x80</title>")},
      {"svg_endless_path", svg(fmt::format("<path d=\"M0 0{}Z\"/>", std::string(40'000, '1')))}};
}

// Variables that refer to themselves, to each other, to none and to one of another type.
Collection hostile_variables() {
  Collection collection{
      .id = "VariableCollectionId:666:9", .name = "Traps", .modes = {"Light", "Dark"}};
  const auto add = [&](std::string name, std::string_view target) {
    const Alias alias{std::string(target)};
    collection.variables.push_back(
        {.id = fmt::format("VariableID:666:{}", 1 + collection.variables.size()),
         .name = std::move(name),
         .values = {alias, alias},
         .description = ""});
  };
  add("trap/itself", "VariableID:666:1");
  add("trap/ring", "VariableID:666:3");
  add("trap/ring_again", "VariableID:666:2");
  add("trap/dangling", "VariableID:404:404");
  add("trap/number", "VariableID:3:10");
  for (auto& name : hostile_names()) add(std::move(name), "VariableID:1:10");
  return collection;
}

std::shared_ptr<const Tokens> hostile_tokens(const DesignOptions& options) {
  auto tokens = make_tokens({.colors = kGoodColors, .text_styles = kGoodColors}, options.seed,
                            Palette::kLight);
  int number = 0;
  for (auto& name : hostile_names()) {
    tokens.styles.push_back({.node_id = fmt::format("667:{}", ++number),
                             .name = std::move(name),
                             .description = "",
                             .look = Rgba{}});
  }
  tokens.collections.push_back(hostile_variables());
  return std::make_shared<const Tokens>(std::move(tokens));
}

}  // namespace

File hostile_file(const DesignOptions& options) {
  DesignOptions few = options;
  few.icons = kGoodIcons;
  File file = generated_file(few, "sandbox-hostile", Palette::kLight);
  int number = 0;
  const auto add = [&](std::string name, std::shared_ptr<const std::string> svg) {
    Component component;
    component.node_id = fmt::format("666:{}", ++number);
    component.key = component_key(file.key, component.node_id);
    component.name = std::move(name);
    component.drawing.seed = static_cast<std::uint64_t>(number);
    component.svg = std::move(svg);
    file.components.push_back(std::move(component));
  };
  for (auto& name : hostile_names()) add(std::move(name), nullptr);
  for (auto& [name, svg] : hostile_pictures(options.hostile_nesting_mb)) {
    add("ic/24/" + name, std::make_shared<const std::string>(std::move(svg)));
  }
  file.tokens = hostile_tokens(options);
  file.index();
  return file;
}

}  // namespace gantry::sandbox
