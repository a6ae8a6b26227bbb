#include "gantry/config/discover.hpp"

#include <cstdlib>
#include <fstream>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gantry/base/error.hpp"

namespace gantry::config {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;

class Discover : public testing::Test {
 protected:
  Discover() {
    std::string name = (fs::temp_directory_path() / "gantry-discover-XXXXXX").string();
    root_ = ::mkdtemp(name.data());
  }
  ~Discover() override { fs::remove_all(root_); }

  fs::path write(const fs::path& path) const {
    fs::create_directories((root_ / path).parent_path());
    std::ofstream(root_ / path) << "web: {}\n";
    return root_ / path;
  }

  template <class Call>
  static std::string usage_error(Call call) {
    try {
      call();
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kUsage);
      return error.message();
    }
    return "no error";
  }

  fs::path root_;
};

TEST_F(Discover, ListsDirectChildrenOfAFolderByFileName) {
  fs::path b = write("b.yaml");
  fs::path a = write("a.YML");
  fs::path upper = write("Z.Yaml");
  write(".hidden.yaml");
  write("notes.md");
  write("yaml");
  write("below/c.yaml");
  fs::create_directory(root_ / "folder.yaml");
  EXPECT_THAT(discover({root_}), ElementsAre(upper, a, b));
}

TEST_F(Discover, KeepsTheOrderOfArgumentsAndTakesFilesOfAnyName) {
  fs::path second = write("second.yaml");
  fs::path hidden = write("other/.first.conf");
  EXPECT_THAT(discover({hidden, second}), ElementsAre(hidden, second));
}

TEST_F(Discover, RunsAConfigurationOnce) {
  fs::path a = write("a.yaml");
  fs::path b = write("b.yaml");
  fs::create_symlink(a, root_ / "c.yaml");
  EXPECT_THAT(discover({b, root_ / "." / "b.yaml", root_, root_}), ElementsAre(b, a));
}

TEST_F(Discover, NamesAPathThatIsMissing) {
  fs::path a = write("a.yaml");
  fs::path missing = root_ / "missing.yaml";
  EXPECT_EQ(usage_error([&] { discover({a, missing}); }), missing.string() + " does not exist");
}

TEST_F(Discover, NamesAFolderWithoutConfigurations) {
  write(".hidden.yaml");
  EXPECT_EQ(usage_error([&] { discover({root_}); }),
            "no configuration in " + root_.string() + ", expected *.yaml or *.yml files");
}

TEST_F(Discover, PrefersDefaultConfigurationsInOrder) {
  EXPECT_EQ(usage_error([&] { find_default_config(root_); }),
            "no gantry.yaml, exfig.yaml or figma-export.yaml in " + root_.string() +
                ", name a configuration with -i FILE");
  fs::path oldest = write("figma-export.yaml");
  EXPECT_EQ(find_default_config(root_), oldest);
  fs::path older = write("exfig.yaml");
  EXPECT_EQ(find_default_config(root_), older);
  fs::path own = write("gantry.yaml");
  EXPECT_EQ(find_default_config(root_), own);
}

}  // namespace
}  // namespace gantry::config
