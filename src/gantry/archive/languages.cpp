#include "gantry/archive/languages.hpp"

#include <cstddef>

namespace gantry::archive {
namespace {

// ISO 639-2 as Debian's iso-codes 4.15.0 has it (iso_639-2.json). Eight characters a language: the
// code of two letters or "--", the terminological code, the bibliographic one.
constexpr std::string_view kLanguages =
    "aaaaraarababkabk--aceace--achach--adaada--adyady--afaafa--afhafhafafrafr--ainainakakaaka"
    "--akkakk--aleale--algalg--altaltamamhamh--angang--anpanp--apaapaararaara--arcarcanargarg"
    "--arnarn--arparp--artart--arwarwasasmasm--astast--athath--ausausavavaavaaeaveave--awaawa"
    "ayaymaymazazeaze--badbad--baibaibabakbak--balbalbmbambam--banban--basbas--batbat--bejbej"
    "bebelbel--bembembnbenben--berber--bhobhobhbihbih--bikbik--binbinbibisbis--blabla--bntbnt"
    "bobodtibbsbosbos--brabrabrbrebre--btkbtk--buabua--bugbugbgbulbul--bynbyn--cadcad--caicai"
    "--carcarcacatcat--caucau--cebceb--celcelcscesczechchacha--chbchbcecheche--chgchg--chkchk"
    "--chmchm--chnchn--chocho--chpchp--chrchrcuchuchucvchvchv--chychy--cmccmc--cnrcnr--copcop"
    "kwcorcorcocoscos--cpecpe--cpfcpf--cppcppcrcrecre--crhcrh--crpcrp--csbcsb--cuscuscycymwel"
    "--dakdakdadandan--dardar--dayday--deldel--dendendedeuger--dgrdgr--dindindvdivdiv--doidoi"
    "--dradra--dsbdsb--duadua--dumdum--dyudyudzdzodzo--efiefi--egyegy--ekaekaelellgre--elxelx"
    "enengeng--enmenmeoepoepoetestesteueusbaqeeeweewe--ewoewo--fanfanfofaofaofafasper--fatfat"
    "fjfijfij--filfilfifinfin--fiufiu--fonfonfrfrafre--frmfrm--frofro--frrfrr--frsfrsfyfryfry"
    "fffulful--furfur--gaagaa--gaygay--gbagba--gemgem--gezgez--gilgilgdglaglagaglegleglglgglg"
    "gvglvglv--gmhgmh--gohgoh--gongon--gorgor--gotgot--grbgrb--grcgrcgngrngrn--gswgswgugujguj"
    "--gwigwi--haihaihthathathahauhau--hawhawhehebhebhzherher--hilhil--himhimhihinhin--hithit"
    "--hmnhmnhohmohmohrhrvhrv--hsbhsbhuhunhun--huphuphyhyearm--ibaibaigiboiboioidoidoiiiiiiii"
    "--ijoijoiuikuikuieileile--iloiloiainaina--incincidindind--ineine--inhinhikipkipk--iraira"
    "--iroiroisisliceititaitajvjavjav--jbojbojajpnjpn--jprjpr--jrbjrb--kaakaa--kabkab--kackac"
    "klkalkal--kamkamknkankan--karkarkskaskaskakatgeokrkaukau--kawkawkkkazkaz--kbdkbd--khakha"
    "--khikhikmkhmkhm--khokhokikikkikrwkinkinkykirkir--kmbkmb--kokkokkvkomkomkgkonkonkokorkor"
    "--koskos--kpekpe--krckrc--krlkrl--krokro--krukrukjkuakua--kumkumkukurkur--kutkut--ladlad"
    "--lahlah--lamlamlolaolaolalatlatlvlavlav--lezlezlilimlimlnlinlinltlitlit--lollol--lozloz"
    "lbltzltz--lualualulublublgluglug--luilui--lunlun--luoluo--luslus--madmad--magmagmhmahmah"
    "--maimai--makmakmlmalmal--manman--mapmapmrmarmar--masmas--mdfmdf--mdrmdr--menmen--mgamga"
    "--micmic--minmin--mismismkmkdmac--mkhmkhmgmlgmlgmtmltmlt--mncmnc--mnimni--mnomno--mohmoh"
    "mnmonmon--mosmosmimrimaomsmsamay--mulmul--munmun--musmus--mwlmwl--mwrmwrmymyabur--mynmyn"
    "--myvmyv--nahnah--nainai--napnapnanaunaunvnavnavnrnblnblndndendengndondo--ndsndsnenepnep"
    "--newnew--niania--nicnic--niuniunlnlddutnnnnonnonbnobnob--nognog--nonnonnonornor--nqonqo"
    "--nsonso--nubnub--nwcnwcnynyanya--nymnym--nynnyn--nyonyo--nzinziocociociojojiojiororiori"
    "omormorm--osaosaosossoss--otaota--otooto--paapaa--pagpag--palpal--pampampapanpan--pappap"
    "--paupau--peopeo--phiphi--phnphnpiplipliplpolpol--ponponptporpor--prapra--propropspuspus"
    "ququeque--rajraj--raprap--rarrar--roaroarmrohroh--romromroronrumrnrunrun--rupruprurusrus"
    "--sadsadsgsagsag--sahsah--saisai--salsal--samsamsasansan--sassas--satsat--scnscn--scosco"
    "--selsel--semsem--sgasga--sgnsgn--shnshn--sidsidsisinsin--siosio--sitsit--slaslaskslkslo"
    "slslvslv--smasmasesmesme--smismi--smjsmj--smnsmnsmsmosmo--smssmssnsnasnasdsndsnd--snksnk"
    "--sogsogsosomsom--sonsonstsotsotesspaspasqsqialbscsrdsrd--srnsrnsrsrpsrp--srrsrr--ssassa"
    "sssswssw--suksuksusunsun--sussus--suxsuxswswaswasvsweswe--sycsyc--syrsyrtytahtah--taitai"
    "tatamtamtttattatteteltel--temtem--terter--tettettgtgktgktltgltglththatha--tigtigtitirtir"
    "--tivtiv--tkltkl--tlhtlh--tlitli--tmhtmh--togtogtotonton--tpitpi--tsitsitntsntsntstsotso"
    "tktuktuk--tumtum--tuptuptrturtur--tuttut--tvltvltwtwitwi--tyvtyv--udmudm--ugaugauguiguig"
    "ukukrukr--umbumb--undundururdurduzuzbuzb--vaivaivevenvenvivievievovolvol--votvot--wakwak"
    "--walwal--warwar--waswas--wenwenwawlnwlnwowolwol--xalxalxhxhoxho--yaoyao--yapyapyiyidyid"
    "yoyoryor--ypkypk--zapzap--zblzbl--zenzen--zghzghzazhazhazhzhochi--zndzndzuzulzul--zunzun"
    "--zxxzxx--zzazza";
constexpr std::size_t kRow = 8;
static_assert(kLanguages.size() % kRow == 0);

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

}  // namespace

std::optional<std::string_view> bibliographic_code(std::string_view tag) {
  std::string code;
  for (char c : tag.substr(0, tag.find_first_of("-_"))) code += lower(c);
  bool is_short = code.size() == 2;
  if (!is_short && code.size() != 3) return std::nullopt;
  for (std::size_t row = 0; row < kLanguages.size(); row += kRow) {
    std::string_view language = kLanguages.substr(row, kRow);
    std::string_view bibliographic = language.substr(5);
    bool is_it = is_short ? language.substr(0, 2) == code
                          : language.substr(2, 3) == code || bibliographic == code;
    if (is_it) return bibliographic;
  }
  return std::nullopt;
}

}  // namespace gantry::archive
