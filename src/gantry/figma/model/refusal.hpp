// How the parsers of Figma's answers refuse one.
#pragma once

#include <cstddef>
#include <string>

#include "gantry/figma/model/model.hpp"

namespace gantry::figma {

// Documents of real files nest some tens of levels deep.
constexpr std::size_t kDeepestAnswer = 512;

// Throws Error kBadResponse: "unexpected answer from Figma: <what>".
[[noreturn]] void refuse_answer(const std::string& what);

// Throws what an error answer says as Error kBadResponse with its status.
[[noreturn]] void pass_on(const ApiProblem& problem);

}  // namespace gantry::figma
