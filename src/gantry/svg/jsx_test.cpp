#include "gantry/svg/jsx.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gantry/base/error.hpp"

namespace gantry::svg {
namespace {

using ::testing::ElementsAre;

Jsx jsx(std::string_view text) { return to_jsx(Document::parse(std::string(text)), 0); }

std::string body(std::string_view inside) {
  return jsx("<svg viewBox='0 0 1 1'>" + std::string(inside) + "</svg>").body;
}

TEST(ToJsx, TakesTheViewBoxOrTheSize) {
  EXPECT_EQ(jsx("<svg viewBox='0 0 24 24' width='48' height='48'/>").view_box, "0 0 24 24");
  EXPECT_EQ(jsx("<svg width='48' height='24.5px'/>").view_box, "0 0 48 24.5");
  EXPECT_EQ(jsx("<svg viewBox='junk' width='48' height='24'/>").view_box, "0 0 48 24");
  for (std::string_view text : {"<svg/>", "<svg width='100%' height='100%'/>",
                                "<svg width='-1' height='1'/>", "<svg viewBox='0 0 0 0'/>"}) {
    EXPECT_THROW(jsx(text), Error) << text;
  }
}

TEST(ToJsx, KeepsWhatTheRootSaysAboutDrawing) {
  Jsx result =
      jsx("<svg xmlns='http://www.w3.org/2000/svg' version='1.1' width='1' height='1' fill='none' "
          "color='red' stroke-width='2' class='lucide' xml:space='preserve'/>");
  EXPECT_THAT(result.attributes,
              ElementsAre("fill=\"none\"", "strokeWidth=\"2\"", "className=\"lucide\""));
  EXPECT_EQ(result.color, "red");
  EXPECT_EQ(result.body, "");
}

TEST(ToJsx, WritesAttributesAsReactWantsThem) {
  EXPECT_EQ(body("<path class='a' fill-rule='evenodd' clip-rule='evenodd' stroke-linejoin='round' "
                 "stroke-dasharray='1 2' xlink:href='#a' xml:space='preserve' d='M0 0' "
                 "enable-background='new' color-interpolation-filters='sRGB'/>"),
            "<path className=\"a\" fillRule=\"evenodd\" clipRule=\"evenodd\" "
            "strokeLinejoin=\"round\" strokeDasharray=\"1 2\" xlinkHref=\"#a\" "
            "xmlSpace=\"preserve\" d=\"M0 0\" enableBackground=\"new\" "
            "colorInterpolationFilters=\"sRGB\" />\n");
}

TEST(ToJsx, LeavesOutWhatTypeScriptWouldRefuse) {
  EXPECT_EQ(body("<metadata><rdf/></metadata><inkscape:page/><rect sodipodi:x='1' foo='1' "
                 "tabindex='0' mask-type='alpha' data-a='1' stroke-linejoin='arcs' rx='1'/>"
                 "<unknown/><!-- comment -->"),
            "<rect mask-type=\"alpha\" data-a=\"1\" stroke-linejoin=\"arcs\" rx=\"1\" />\n");
}

TEST(ToJsx, NestsAndEscapes) {
  EXPECT_EQ(
      body("\n <g>\n  <text y='1'>a {b} <tspan>c</tspan> </text>\n  <title>A &amp; 'B'</title>"
           "<title>plain</title></g>\n"),
      "<g>\n"
      "  <text y=\"1\">\n"
      "    {'a {b} '}\n"
      "    <tspan>c</tspan>\n"
      "    {' '}\n"
      "  </text>\n"
      "  <title>{'A & \\'B\\''}</title>\n"
      "  <title>plain</title>\n"
      "</g>\n");
  EXPECT_EQ(body("<path id='a&quot;b&amp;{c}'/>"), "<path id=\"a&quot;b&amp;{c}\" />\n");
}

TEST(ToJsx, WritesStylesAsObjects) {
  EXPECT_EQ(
      body("<g style='mix-blend-mode:screen;mix-blend-mode:multiply; -webkit-mask: "
           "none!important;--x: 1;bad'/>"),
      "<g style={{ mixBlendMode: 'multiply', WebkitMask: 'none', '--x': '1' } as object} />\n");
  EXPECT_EQ(body("<g style=''/>"), "<g />\n");
  EXPECT_EQ(body("<style>.a{fill:'\\n'}</style>"), "<style>{'.a{fill:\\'\\\\n\\'}'}</style>\n");
}

}  // namespace
}  // namespace gantry::svg
