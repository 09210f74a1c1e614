"""Beside which letters each language writes its letters beyond ASCII: what tells "groß" from "groá", of the same bytes.

A language is a text of ``letter:before:after``, the commonest letter and the commonest neighbours first, an underscore
where the word begins or ends. Counted on the 20,000 commonest words of each language, as the lists of wordfreq 3.1 have
them; those write ß as ss, so that one is estimated.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache

__all__ = ["neighbours"]

_UNHEARD = -9.0  # of scripts whose letters are not looked up
_STRANGE = -13.0  # of a letter that the language has not
_ODD_NEIGHBOUR = -7.6

_WESTERN = (
    # German
    "ä:trlhwf_msngkzpjb:nthrusclgfdm ü:rf_ktlmhwbnsgdz:brhncsgtld ö:hr_lkmwtngfsbvzi:rsnhftgcldkpm ß:ieouaäüö:e_tlibnrgkms",
    # French
    "é:rtd_snlmpghiucvf:_esrctplgdmvnfabo è:irlhmtcpgdnvsfo:rtsmvngcld ê:rpumv_bngftc:tmcnlvq ô:rthcplnvda:tlmnp "
    "ç:nrea_pé:oau î:ao_dnb:tnlc â:lb_ghprécmf:tclgmnb ë:oia:l_n ù:o:_",
    # Spanish
    "ó:itrlcnmsgdzpjye_:n_mglsrxp í:rtdlcgnmvfuesabhp_:a_nsctodmfbrg á:rmtl_cpniubvfdhs:n_strlcmfgbpxvu "
    "é:rtm_idunlcbsvfpgha:_snrtcldipmxgfb ñ:aeiuo:aoeóí ú:_ntpmgcahsbrefldy:nblmspa_tcerd",
    # Portuguese
    "ç:anieurop:ãaõo ã:çsrtmdihlngvxce:o_ á:rtmnli_sdcvpuhbfg:r_vtslgcbfpux í:urltacsmf_vdnpgbe:dcnvstamrlpfgb_z "
    "é:tmrslpn_fgduvcbaixh:r_tdsmclguinp ó:tlrp_scmnfiegdvbh:rlsgptdi_cvnxmb õ:çspihrtxlme:e ê:dtrgiuclvbnms_üp:n_smx "
    "ú:_nmtpdcieajblrfs:snlmbrdctpv_z â:trlc_mngdfivz:nm ô:nmrlptvfdcbz_s:nm_slr",
    # Italian
    "à:trl:_ ò:rtlcnmdipus:_ ì:lsprutdcn:_ é:hns_rktop:_lmr è:hsntmb:_ ù:irnbs:_ ó:urle:_pn",
    # Swedish
    "ä:vrltjsm_knhfgb:nrltmsgkdcvp ö:f_rlhksmtdjgbn:rvstnkdmgjpl_ å:r_glmvthspnfdk:nrlt_gsdkevph",
    # Danish
    "æ:rvlstnfmkh_jpgb:rnlgsktdvmbf ø:flrs_tkhdmbngjp:rdjsgnlbvme_k å:r_tmgphlsvnbfd:r_dnelbsgvt",
    # Norwegian
    "ø:fjrls_thdmnbpi:ryksdnltvmpf_ å:_rmptlgshvnbfkd:r_tlndpskevgf æ:vnljbstfr_hm:rvlpsd",
    # Finnish
    "ä:tävlskmpnjirh_d:_äntislrykvhm ö:ytklipnösjm:n_skityrlmpäjödh",
    # Dutch
    "ë:ieo:n_rleiv é:éh_rdmfvlpszgt:_éltnrsco ï:eauo:nstrme_db ó:_znógec:_fgókmnr è:hcrib_:n_mrt ü:egduzm:lnsmr "
    "í:rcd:ago á:nmsd:nxt_ ö:oj:rp",
    # Icelandic
    "ð:iaruæóíáegöof:_iuaslrvnfbhjg ó:jd_rktslmfþbhgn:trlðnmkspf_ghva á:_rjmnhlsfkþpbtg:ltrðsnk_hmgfivbua "
    "ö:jtlhv_smrgkfb:rlgnfkðtsm æ:rvtlbhf_snmgdk:ðtrkngmlsfjdp í:lrvt_smbnkfdpg:ksðnmtful_arbgþ "
    "ú:r_bjhntkslmþ:tsnrklaimð_pfgdb þ:_límaónrs:jreióoaáuyýævíé é:rfslvhþt_p:tlr_fðksu ý:lsnrkþd_tbm:rsntðjml_kv",
    # Catalan
    "ó:ilrtmscdfgbnae:_sn à:rtml_cindspbfvguh:_rnstclmgfpvbx è:trdmnlgcpi_usvbüf:nsrtc_dmipgxlf "
    "í:trlcdmunsvf_pgüx:_snctmfedaglpvbr ò:tlrncmpsf_iedbx:rnmgsl_pcbtdxf é:rutbmvcnl_dsfip:s_nurit ç:narleip:a_ouó "
    "ú:_nmptbjsdcrlgf:s_lnbrtpmvc ï:uaeo:tndlmscb_a ü:gqa:eèíil",
)

_CENTRAL = (
    # Polish
    "ł:aisygozkdwpó_euęmtą:a_oyeuąknóęc ą:jiznłlkwtdsrcżm:_cdtzgćżł ę:ijztrnkbmwdlłgpch:_cdtkpżgłszśb "
    "ó:rtkpmgwłcdbsnizj:wrłldjżbctgs ś:o_eyiajęu:cćwl_mrn ć:aiśyeąę:_ ż:ao_euóęyiądn:yean_oskądlcu ń:aeoiy:s_c "
    "ź:deaó_yęo:n_cldrwmćb",
    # Czech
    "í:nřjvštclmdčžszb:_mctkhsnldvrzšžčb á:nrvlzkdthmpřsižčb:_nlvtdmszckršžhpřj ě:nvdtmbp:_ltnjdskržřmzhvc "
    "ř:pt_oeáaěvídkbyuhz:eíiá_asu č:_eoaiuínúárbdéyvěj:eniíaktá_lou é:nkvltrmdhifs:_hmrnkdtčsl "
    "ý:vnktlrbmd:_cmvrsšhzkbdtpn š:_ueiájvayoíýětprlzdž:íet_iklnpťauvš ž:ou_aeěáríiůnmyvú:eií_nádokasubš "
    "ů:rkdptmlncvhzsčj:_smžlzvjrdkcb ú:_za:sčtpdřvrzknžmlc",
    # Slovak
    "á:nrlztkvdmhpibu:_vclrdtnsmzkžpšbhč í:nrtšlčvždpzsmijcb:_mcksnvtrzpdšžljť ý:nvktrlhbd:_cmvsrbzškthl "
    "č:_oaeiúnuáärbyvík:niaeíokšl_ut š:_evaujyonáičrpúýíšlžd:iteíkapnl_oťšu ú:j_nkstldrľcmvz:_csčprtdťzkšžvbln "
    "é:nkvtrlihdcmsf:_hrmntd ť:aiseú_šíuäz:_ao ž:_ouaeáirôúínýĺ:ienída_kosubšňl ľ:eo_haádkbuíšs:aoukn_súvbm "
    "ô:pdmkrvlnh_:sžlvrjzdckbtň ó:trligkzfmne:nrpdglmbzt ň:edažtoykvpl_ŕôĺľmzhčr:a_uo",
    # Hungarian
    "á:tlvzrmjs_nkghbdpyi:lsrntgbkmzjcdv é:t_sklvmznrdgfpyjh:srglntkpvbzdm_ ö:kt_zrdnjlfsgyvb:rznltvskbdmg "
    "ó:tlrizbdg_jmksyhn:_lkbsrdtgnjzivafp ő:tldrznsfbv_ygk:_lsrktdzbjnivema í:zsl_khptgdbyvmrcn:trvnzgmjls "
    "ü:zr_ktslpfyjngvbd:lnkgtzsrv ú:_stmrhyjgznlikba:_ljtsgrzcnkd ű:mtrybzsnghjfv_:_vnkslzretjbh",
    # Romanian
    "ă:trclnpszmțgbvd:_rtțsmlcinudzp ț:anieăcur_olp:ieăau ţ:anieăcur_olp:ieăau ș:ea_iuoănâ:tieac_oun "
    "ş:ea_iuoănâ:tieac_oun â:cmtrvgpnfszld:nrtmlșiu î:_c:nmt",
    # Croatian
    "č:ia_uoer:eikanu_l š:ia_oeurp:taieknl_ću ž:_uaoreid:ieanub_jr ć:eiuaoš_p:eia_un đ:aoeru_i:eauio",
    # Slovenian
    "č:oie_šaunb:ienau_ljrk š:i_aojeurkznvm:kčieatn_lop ž:o_eurail:ieanjbu_ok",
)

_TURKISH = (
    # Turkish
    "ı:rnlsdtğmkyşçzcpb_:_nrlmkşyzğspd ü:dgrt_lmnyskşzbğc:nr_zmlşykscğtçpd ş:aiı_euüro:_taıilmeküuç "
    "ğ:aiıeuoöü:iıurlaeü_d ç:_aeirunklüthı:eaıi_lomtuü ö:_gsdkbytçr:rnzlyğsktdpmv",
)

_LANGUAGES = {
    **dict.fromkeys(("cp437", "cp850", "cp1252"), _WESTERN),
    **dict.fromkeys(("cp852", "cp1250"), _CENTRAL),
    **dict.fromkeys(("cp857", "cp1254"), _TURKISH),
}


def neighbours(texts: Sequence[str], encoding: str) -> float:
    """How likely letters beyond ASCII and their neighbours are, in the language that suits all names best: a logarithm.

    Args:
        texts: names as they read in the encoding.
        encoding: one whose languages are not here gets what a fair reading in another one gets.
    """
    languages = _LANGUAGES.get(encoding, ())
    words = [f"_{word}_" for text in texts for word in re.findall(r"[^\W\d_]+", text.lower()) if not word.isascii()]
    places = [(word, place) for word in words for place, letter in enumerate(word) if not letter.isascii()]
    if not places or not languages:
        return _UNHEARD
    return max(
        sum(_likely(word[place - 1 : place + 2], _language(language)) for word, place in places) for language in languages
    ) / len(places)


def _likely(around: str, language: Mapping[str, tuple[float, Mapping[str, float], Mapping[str, float]]]) -> float:
    before, letter, after = around[0], around[1], around[2]
    if letter not in language:
        return _STRANGE
    share, befores, afters = language[letter]
    return share + befores.get(before, _ODD_NEIGHBOUR) + afters.get(after, _ODD_NEIGHBOUR)


@lru_cache(maxsize=len((*_WESTERN, *_CENTRAL, *_TURKISH)))
def _language(told: str) -> dict[str, tuple[float, dict[str, float], dict[str, float]]]:
    """How likely each letter is, what stands before it and what after it: logarithms of shares that fall with the rank."""
    letters = [each.split(":") for each in told.split()]
    shares = _by_rank([letter for letter, *_ in letters])
    return {letter: (shares[letter], _by_rank(before), _by_rank(after)) for letter, before, after in letters}


def _by_rank(letters: Sequence[str]) -> dict[str, float]:
    shares = [(rank + 2) ** -1.5 for rank in range(len(letters))]
    return {letter: math.log(share / sum(shares)) for letter, share in zip(letters, shares, strict=True)}
