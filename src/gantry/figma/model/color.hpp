// A colour as Figma tells it: sRGB or Display P3 by the file's profile, each channel from 0 to 1.
#pragma once

namespace gantry::figma {

struct Color {
  double r = 0;
  double g = 0;
  double b = 0;
  double a = 1;

  bool operator==(const Color&) const = default;
};

}  // namespace gantry::figma
