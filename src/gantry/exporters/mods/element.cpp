#include "gantry/exporters/mods/element.hpp"

#include <algorithm>

#include "gantry/archive/text.hpp"

namespace gantry::exporters::mods {
namespace {

// Readers of XML fold carriage returns, and tabs in attributes, unless they are written as numbers,
// which pugixml does for other control characters only. So those stand for them until the text is
// printed; readable() has left none that could be taken for them.
struct Stand {
  char character;
  char stand_in;
  std::string_view printed;
  std::string_view wanted;
};
constexpr Stand kReturn = {'\r', '\x01', "&#01;", "&#13;"};
constexpr Stand kTab = {'\t', '\x02', "&#02;", "&#9;"};

void replace_all(std::string& text, std::string_view from, std::string_view to) {
  for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from, at)) {
    text.replace(at, from.size(), to);
    at += to.size();
  }
}

struct Printer final : pugi::xml_writer {
  std::string text;
  void write(const void* data, std::size_t size) override {
    text.append(static_cast<const char*>(data), size);
  }
};

}  // namespace

void Fragment::set(pugi::xml_node node, Attributes attributes) {
  for (const auto& [name, value] : attributes) {
    std::string text = archive::readable(value, *replaced_);
    for (const Stand& stand : {kReturn, kTab}) {
      std::replace(text.begin(), text.end(), stand.character, stand.stand_in);
    }
    node.append_attribute(name).set_value(text.c_str());
  }
}

pugi::xml_node Fragment::add(const char* name, Attributes attributes) {
  return add(document_.root(), name, attributes);
}

pugi::xml_node Fragment::add(pugi::xml_node parent, const char* name, Attributes attributes) {
  pugi::xml_node node = parent.append_child(name);
  set(node, attributes);
  return node;
}

pugi::xml_node Fragment::add_text(const char* name, std::string_view text, Attributes attributes) {
  return add_text(document_.root(), name, text, attributes);
}

pugi::xml_node Fragment::add_text(pugi::xml_node parent, const char* name, std::string_view text,
                                  Attributes attributes) {
  pugi::xml_node node = add(parent, name, attributes);
  std::string content = archive::readable(text, *replaced_);
  std::replace(content.begin(), content.end(), kReturn.character, kReturn.stand_in);
  node.append_child(pugi::node_pcdata).set_value(content.c_str());
  return node;
}

std::string Fragment::print() const {
  Printer printer;
  for (pugi::xml_node node : document_.children()) {
    node.print(printer, "  ", pugi::format_default, pugi::encoding_utf8, depth_);
  }
  for (const Stand& stand : {kReturn, kTab}) replace_all(printer.text, stand.printed, stand.wanted);
  return std::move(printer.text);
}

}  // namespace gantry::exporters::mods
