#include "gantry/figma/model/refusal.hpp"

#include "gantry/base/error.hpp"

namespace gantry::figma {

void refuse_answer(const std::string& what) {
  throw Error(ErrorCode::kBadResponse, "unexpected answer from Figma: " + what);
}

void pass_on(const ApiProblem& problem) {
  throw Error(ErrorCode::kBadResponse, "Figma answers: " + problem.message)
      .with_status(problem.status);
}

}  // namespace gantry::figma
